import { mintOperatorToken, mintToken } from '@businessos/server';
import { type Command, InvalidArgumentError } from 'commander';
import { print, withPlatform } from './output.ts';

/** `bos token`: a short-lived token for a member of a tenant, or for an operator. */
export function addToken(program: Command): void {
  program
    .command('token')
    .description('mint a short-lived access token; who can read the data folder may do this')
    .option('--tenant <slug>', 'for a member of this tenant')
    .option('--email <email>', 'which member; the first owner when left out')
    .option('--operator', 'for an operator, who onboards and suspends tenants and reads none of their data')
    .option('--minutes <n>', 'how long it lives, 1 to 60', minutes, 60)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  curl -H "Authorization: Bearer $(bos token --tenant nordwind)" http://nordwind.bos.localhost:8080/v1/contacts',
    )
    .action(
      async (
        options: { tenant?: string; email?: string; operator?: boolean; minutes: number; json?: boolean },
        command: Command,
      ) => {
        const { tenant, operator, email, json } = options;
        if ((tenant === undefined) === (operator === undefined))
          command.error('error: give either --tenant <slug> or --operator', { exitCode: 2 });
        if (operator && email !== undefined) command.error('error: --email goes with --tenant', { exitCode: 2 });
        const seconds = options.minutes * 60;
        const token = await withPlatform(async (platform) =>
          tenant === undefined
            ? mintOperatorToken(platform, seconds)
            : await mintToken(platform, tenant, seconds, email),
        );
        print(json, { token, expires_in: seconds }, () => [token]);
      },
    );
}

function minutes(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 60)
    throw new InvalidArgumentError('expected a whole number from 1 to 60');
  return value;
}
