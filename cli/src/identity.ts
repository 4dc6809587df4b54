import { loseFactor } from '@businessos/server';
import type { Command } from 'commander';
import { print, withPlatform } from './output.ts';

/** `bos identity`: the keys that sign tokens, and people who lost their second factor. */
export function addIdentity(program: Command): void {
  const identity = program
    .command('identity')
    .description('look after signing keys, and people who lost their second factor');
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
  identity
    .command('remove-factor <email>')
    .description(
      'take the second factor of a person who lost it and the recovery codes; every sign-in of the person ends',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nMake sure first who asks: the password alone signs in afterwards.\n\nExample:\n  bos identity remove-factor ada@acme.example',
    )
    .action(async (email: string, { json }: { json?: boolean }) => {
      await withPlatform((platform) => loseFactor(platform, email));
      print(json, { email, removed: true }, () => [
        `${email} signs in with the password alone now; every sign-in has ended.`,
      ]);
    });
}
