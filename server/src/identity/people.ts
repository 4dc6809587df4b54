import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, Privileged, type Tenancy, type Unscoped } from '@businessos/tenancy';
import type { Logger } from 'pino';
import { type Config, originOf } from '../config.ts';
import type { TenantService } from '../tenants/service.ts';
import { Authenticator } from './authenticate.ts';
import type { IdentityContext } from './context.ts';
import { sweepSessions } from './credential-store.ts';
import { Feed } from './feed.ts';
import { feedSource } from './feed-store.ts';
import { macKey } from './installation-key.ts';
import { sweepLogins } from './login-store.ts';
import { sweepMails } from './mail-store.ts';
import { smtpMailer } from './mailer.ts';
import { Outbox } from './outbox.ts';
import { SigningKeys } from './signing-keys.ts';
import { sweepThrottles } from './throttle-store.ts';

const PAGE_OF = {
  signup: 'signup',
  reset: 'reset',
  invitation: 'invitation',
  email: 'email',
  email_changed: '',
} as const;

/** How long one look at the feed may take. */
const LOOK_MS = 1_500;

/** The revocation feed over a connection of its own, looking every second. @throws when it cannot look once. */
export async function openFeed(
  connection: ConnectionOptions,
  log: Logger,
): Promise<{ feed: Feed; end(): Promise<void> }> {
  const timeouts = { connectTimeoutMs: LOOK_MS, statementTimeoutMs: LOOK_MS, answerTimeoutMs: LOOK_MS };
  const own = new Privileged({ ...connection, ...timeouts, lockTimeoutMs: LOOK_MS }, () => {}, 1);
  const feed = new Feed(feedSource(own));
  let failing = false;
  try {
    await feed.start((error) => {
      if (error !== undefined && !failing)
        log.error({ error: String(error) }, 'cannot look what was revoked: nothing is allowed until it can');
      failing = error !== undefined;
    });
  } catch (error) {
    await own.end();
    throw error;
  }
  return {
    feed,
    end: async () => {
      feed.stop();
      await own.end();
    },
  };
}

/** Signing keys that cannot be read hold the feed up: a leaked one would be good here for as long. */
async function inTime(work: Promise<void>): Promise<void> {
  const late = sleep(LOOK_MS, undefined, { ref: false }).then(() => {
    throw new Error('the signing keys could not be read in time');
  });
  await Promise.race([work, late]);
}

export interface PeopleParts {
  config: Config;
  rootKey: KeyObject;
  identity: Tenancy;
  tenants: TenantService;
  feed: Feed;
  onboard: IdentityContext['onboard'];
  regions: IdentityContext['regions'];
  /** The tenants whose rows can be read; bos_identity may not ask for them. */
  served(): Promise<string[]>;
  log: Logger;
}

/** Identity as a whole: what its acts work with, and who decides whose a request is. */
export interface People extends IdentityContext {
  authenticator: Authenticator;
  /** Hourly: what is over goes. */
  sweep(): Promise<void>;
}

export async function openPeople(parts: PeopleParts): Promise<People> {
  const { config, rootKey, identity, tenants, feed, onboard, regions, served, log } = parts;
  const unsealed: Unscoped = {
    query: (statement) => identity.privileged('persons and what is theirs', (db) => db.query(statement)),
    transaction: (work) => identity.privileged('persons and what is theirs', (db) => db.transaction(work)),
  };
  const origin = (label: string) => originOf(config, label);
  const keys = new SigningKeys(unsealed, rootKey, `https://id.${config.baseDomain}`);
  feed.onEvent(async (subject) => {
    if (subject === undefined || subject === 'keys') await inTime(keys.load());
  });
  await keys.load();
  const outbox = new Outbox({
    identity,
    unsealed,
    rootKey,
    mailer: config.smtpUrl === undefined ? undefined : smtpMailer(config.smtpUrl, config.mailFrom),
    linkOf: (kind, token) => `${origin('id')}/${PAGE_OF[kind]}/${token}`,
    onError: (error, what) => log.warn({ ...what, error: String(error) }, 'a mail could not be sent'),
  });
  const authenticator = new Authenticator({ identity, tenants, feed, keys });
  return {
    identity,
    unsealed,
    tenants,
    feed,
    keys,
    outbox,
    rootKey,
    deviceKey: macKey(rootKey, 'device'),
    origin,
    onboard,
    regions,
    authenticator,
    sweep: async () => {
      await sweepLogins(unsealed);
      await sweepMails(unsealed);
      while ((await sweepThrottles(unsealed)) === 1_000);
      const { failed } = await identity.withEachTenant('s:identity', () => sweepSessions(identity), {
        tenants: await served(),
      });
      for (const { tenantId, error } of failed) log.warn({ tenantId, error: String(error) }, 'sessions were not swept');
    },
  };
}
