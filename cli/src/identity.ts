import type { Command } from 'commander';
import { print, withPlatform } from './output.ts';

/** `bos identity rotate`: the keys that sign tokens. */
export function addIdentity(program: Command): void {
  const identity = program.command('identity').description('look after the keys that sign access tokens');
  identity
    .command('rotate')
    .description('publish the next signing key, which signs in 15 minutes; no token is refused for it')
    .option('--now', 'a key has leaked: the next one signs at once, and every token there is ends')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  bos identity rotate')
    .action(async ({ now = false, json }: { now?: boolean; json?: boolean }) => {
      const keys = await withPlatform(async ({ people }) => {
        await people.keys.rotate({ now });
        return people.keys.jwks().keys.map(({ kid }) => kid);
      });
      print(json, { keys }, () => [
        now
          ? 'The new key signs from now on; every access token ended, and refresh tokens get new ones.'
          : 'The new key is published and signs in 15 minutes.',
        `Keys now: ${keys.join(', ')}`,
      ]);
    });
}
