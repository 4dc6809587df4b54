import { randomUUID } from 'node:crypto';
import { createTenant, listTenants, type Platform, type Tenant } from '@businessos/server';
import type { Command } from 'commander';
import { print, table, withPlatform } from './output.ts';

interface CreateOptions {
  slug: string;
  name: string;
  region?: string;
  plan: string;
  ownerEmail: string;
  ownerName: string;
  key?: string;
  json?: boolean;
}

/** `bos tenant create|list|show|suspend|resume`. */
export function addTenantCommands(program: Command): void {
  const tenant = program.command('tenant').description('create, list, show, suspend and resume tenants');
  tenant
    .command('create')
    .description('onboard a tenant with its owner and first records, all or nothing')
    .requiredOption('--slug <slug>', 'its address: {slug}.<base domain>')
    .requiredOption('--name <name>', 'name of the business')
    .requiredOption('--owner-email <email>', 'e-mail of its first user')
    .requiredOption('--owner-name <name>', 'name of its first user')
    .option('--region <region>', 'where its data lives; fixed afterwards (default: the region of this installation)')
    .option('--plan <plan>', 'free, pro or enterprise', 'free')
    .option('--key <key>', 'idempotency key: the same key never creates a second tenant')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      "\nExample:\n  bos tenant create --slug acme --name 'Acme Tools' --owner-email ada@acme.example --owner-name 'Ada Byron' --plan pro",
    )
    .action(async ({ json, key = randomUUID(), ownerEmail, ownerName, region, ...rest }: CreateOptions) => {
      const created = await withPlatform((platform, config) =>
        createTenant(platform, key, {
          ...rest,
          region: region ?? config.region,
          owner: { email: ownerEmail, name: ownerName },
        }),
      );
      print(json, created, () => [
        `${created.name} is open at ${created.slug} (${created.id}).`,
        `Next: bos token --tenant ${created.slug}`,
      ]);
    });
  tenant
    .command('list')
    .description('list all tenants')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  bos tenant list --json')
    .action(async ({ json }: { json?: boolean }) => {
      const all = await withPlatform((platform) => listTenants(platform));
      print(json, all, () => table([['SLUG', 'NAME', 'PLAN', 'REGION', 'MODE', 'SINCE'], ...all.map(rowOf)]));
    });
  addOne(tenant, 'show', 'show one tenant', (platform, slug) => platform.tenants.get({ slug }));
  addOne(
    tenant,
    'suspend',
    'suspend a tenant: PostgreSQL refuses everything of it from the next statement on',
    (platform, slug) => platform.tenants.suspend(slug),
  );
  addOne(tenant, 'resume', 'resume a suspended tenant', (platform, slug) => platform.tenants.resume(slug));
}

function addOne(
  parent: Command,
  name: string,
  description: string,
  act: (platform: Platform, slug: string) => Promise<Tenant>,
): void {
  parent
    .command(`${name} <slug>`)
    .description(description)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  bos tenant ${name} nordwind`)
    .action(async (slug: string, { json }: { json?: boolean }) => {
      const one = await withPlatform(async (platform) => {
        try {
          return await act(platform, slug);
        } catch (error) {
          if ((error as { code?: string }).code === 'NOT_FOUND')
            throw new Error(`no tenant has the slug '${slug}'; bos tenant list shows them all`, { cause: error });
          throw error;
        }
      });
      print(json, one, () =>
        table(
          Object.entries(one).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
        ),
      );
    });
}

function rowOf({ slug, name, plan, region, mode, created_at }: Tenant): string[] {
  return [slug, name, plan, region, mode, created_at.slice(0, 10)];
}
