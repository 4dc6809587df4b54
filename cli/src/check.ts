import { connectionOf, readConfig } from '@businessos/server';
import { checkDatabase, readLints } from '@businessos/tenancy/admin';
import { type Command, InvalidArgumentError } from 'commander';
import { print } from './output.ts';
import { sarif } from './sarif.ts';

interface Options {
  url?: string;
  role?: string[];
  json?: boolean;
  sarif?: boolean;
  fix?: boolean;
  explain?: string;
}

/** `bos check`: the policy review of any PostgreSQL schema, on the same code as the server's boot attestation. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description("review a database's isolation: policies, keys, grants, roles, settings; exit code 1 on an error")
    .option('--url <url>', "any PostgreSQL 15 to 18 to review; else this installation's own")
    .option(
      '--role <name...>',
      'login roles that serve requests (default: bos_app and bos_identity, or the user of the URL)',
    )
    .option('--json', 'print JSON')
    .option('--sarif', 'print SARIF 2.1.0, for code scanning')
    .option('--fix', 'print the SQL that cures the findings; runs nothing')
    .option('--explain <id>', 'print why a lint exists', lintId)
    .addHelpText(
      'after',
      '\nExamples:\n  bos check\n  bos check --url postgres://me@db/shop --role shop_app --fix\n  bos check --explain L07',
    )
    .action(async ({ url, role, json, sarif: asSarif, fix, explain }: Options) => {
      if (explain !== undefined) {
        const lint = readLints().find(({ id }) => id === explain);
        if (lint === undefined)
          throw new Error(
            `there is no lint ${explain}; they are ${readLints()
              .map(({ id }) => id)
              .join(', ')}`,
          );
        print(json, lint, () => [
          `${lint.id} ${lint.title} (${lint.severity}${lint.boot ? ', a server refuses to start on it' : ''})`,
          lint.why,
        ]);
        return;
      }
      const findings = await (url === undefined
        ? connectionOf(readConfig(), (connection) => checkDatabase(connection, role ?? ['bos_app', 'bos_identity']))
        : checkDatabase(url, role ?? [new URL(url).username]));
      const errors = findings.filter(({ severity }) => severity === 'error').length;
      if (asSarif) print(true, sarif(findings), () => []);
      else if (fix)
        print(
          json,
          findings.map((one) => one.fix),
          () =>
            findings.map(
              (one) => `-- ${one.id} ${one.object}
${runnable(one.fix)}`,
            ),
        );
      else {
        print(json, findings, () => [
          ...findings.map((one) => `${one.severity.padEnd(7)} ${one.id}  ${one.object}: ${one.detail}`),
          `${findings.length} findings, ${errors} of them errors; ${readLints().length} lints. bos check --explain <id> says why, --fix how to cure.`,
        ]);
      }
      process.exitCode = errors > 0 ? 1 : 0;
    });
}

function lintId(text: string): string {
  if (!/^L\d\d$/i.test(text)) throw new InvalidArgumentError('expected an id like L07');
  return text.toUpperCase();
}

/** SQL ends with a semicolon; an act that a person has to do becomes a comment. */
function runnable(fix: string): string {
  if (!/^(alter|create|drop|revoke|grant|reset|update|delete|comment|select)\b/i.test(fix)) return `-- ${fix}`;
  return fix.endsWith(';') ? fix : `${fix};`;
}
