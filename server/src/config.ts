import { resolve } from 'node:path';
import { networks } from './http/address.ts';

/** How this process runs, read once from the environment. */
export interface Config {
  /** Folder of everything that is kept on this machine, absolute. */
  dataDir: string;
  port: number;
  /** The port that clients write, where a proxy stands before this process. */
  publicPort: number;
  baseDomain: string;
  region: string;
  production: boolean;
  /** An existing PostgreSQL, without user and password; the embedded one when undefined. */
  databaseUrl: URL | undefined;
  /** A PostgreSQL version with known holes that production may run on all the same, such as 15.18. */
  acceptPostgres: string | undefined;
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. */
  trustProxy: readonly string[];
  /** Where mails go; they stay in the outbox of this installation when undefined. */
  smtpUrl: string | undefined;
  mailFrom: string;
  logLevel: string;
  connections: number;
  multiplexed: number;
}

/** Thrown for a setting that cannot be used; names the variable and the fix. */
export class ConfigError extends Error {}

/** Reads the settings. @throws ConfigError naming the variable and the fix. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const port = integer(env, 'PORT', 8080, 0, 65_535);
  const baseDomain = matching(
    env,
    'BOS_BASE_DOMAIN',
    'bos.localhost',
    /^[a-z0-9-]+(\.[a-z0-9-]+)+$/,
    'a domain of two or more labels in lower case',
  );
  return {
    dataDir: resolve(env['BOS_DATA'] || '.bos'),
    port,
    publicPort: integer(env, 'BOS_PUBLIC_PORT', port, 0, 65_535),
    baseDomain,
    region: matching(env, 'BOS_REGION', 'eu', /^[a-z][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens'),
    production: env['NODE_ENV'] === 'production',
    databaseUrl: databaseUrl(env['DATABASE_URL']),
    acceptPostgres: env['BOS_ACCEPT_POSTGRES'] || undefined,
    trustProxy: addressList(env['TRUST_PROXY']),
    smtpUrl: smtpUrl(env['SMTP_URL']),
    mailFrom: matching(
      env,
      'BOS_MAIL_FROM',
      `no-reply@${baseDomain}`,
      /^[^\s@<>",;]+@[^\s@<>",;]+$/,
      'one e-mail address',
    ),
    logLevel: matching(
      env,
      'LOG_LEVEL',
      'info',
      /^(trace|debug|info|warn|error|fatal|silent)$/,
      'one of trace, debug, info, warn, error, fatal, silent',
    ),
    connections: integer(env, 'BOS_CONNECTIONS', 8, 1, 200),
    multiplexed: integer(env, 'BOS_MULTIPLEXED', 4, 0, 64),
  };
}

function addressList(text: string | undefined): string[] {
  const list = (text ?? '').split(',').flatMap((part) => (part.trim() ? [part.trim()] : []));
  try {
    networks(list);
  } catch (cause) {
    throw new ConfigError('TRUST_PROXY: expected addresses and networks with commas between, like 10.0.0.0/8', {
      cause,
    });
  }
  return list;
}

function smtpUrl(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (!URL.canParse(text) || !/^smtps?:$/.test(new URL(text).protocol))
    throw new ConfigError('SMTP_URL: expected smtp://user:password@host:port, or smtps:');
  return text;
}

function databaseUrl(text: string | undefined): URL | undefined {
  if (!text) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ConfigError('DATABASE_URL: expected postgres://host:port/database', { cause });
  }
  if (!/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2)
    throw new ConfigError('DATABASE_URL: expected postgres://host:port/database');
  if (url.username || url.password) {
    throw new ConfigError(
      'DATABASE_URL: leave user and password out; `bos setup --admin-url` makes the roles that the server logs in with',
    );
  }
  return url;
}

function integer(env: NodeJS.ProcessEnv, name: string, otherwise: number, least: number, most: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new ConfigError(`${name}: expected a whole number from ${least} to ${most}`);
  return value;
}

function matching(env: NodeJS.ProcessEnv, name: string, otherwise: string, pattern: RegExp, form: string): string {
  const text = env[name] || otherwise;
  if (!pattern.test(text)) throw new ConfigError(`${name}: expected ${form}`);
  return text;
}

/** The origin of one of the installation's hosts, as browsers write it: `label` `id`, a slug, or '' for the base. */
export function originOf(
  { production, baseDomain, publicPort }: Pick<Config, 'production' | 'baseDomain' | 'publicPort'>,
  label: string,
): string {
  const [scheme, own] = production ? ['https', 443] : ['http', 80];
  const port = publicPort === own ? '' : `:${publicPort}`;
  return `${scheme}://${label === '' ? '' : `${label}.`}${baseDomain}${port}`;
}
