import { type OnboardingRequest, openapi, type RouteKey } from '@businessos/contract';
import { createTenancy, derivedId, type Tenancy, TenancyError } from '@businessos/tenancy';
import pino, { type DestinationStream, type Logger } from 'pino';
import { type Config, ConfigError } from './config.ts';
import { insertCompany } from './crm/companies-store.ts';
import { insertContact } from './crm/contacts-store.ts';
import { crmRoutes } from './crm/routes.ts';
import { type Database, openDatabase } from './database.ts';
import type { DemoTenant } from './demo/demo-tenant.ts';
import { startRoutes } from './demo/page.ts';
import { docsRoutes, findAsset } from './docs/docs-routes.ts';
import { createApp, type GatewayOptions } from './gateway/app.ts';
import { type Listener, openListener } from './gateway/listener.ts';
import { keepHouse } from './housekeeping.ts';
import { networks } from './http/address.ts';
import { SESSION_COOKIE } from './identity/browser.ts';
import { idPageRoutes } from './identity/id-page-routes.ts';
import { idRoutes } from './identity/id-routes.ts';
import { macKey } from './identity/installation-key.ts';
import { welcome } from './identity/links.ts';
import { ensureMember } from './identity/member-store.ts';
import { requireRecent } from './identity/members.ts';
import { requireLogin } from './identity/own.ts';
import { ownPageRoutes } from './identity/own-page-routes.ts';
import { openFeed, openPeople, type People } from './identity/people.ts';
import { findPerson } from './identity/person-store.ts';
import { tenantPageRoutes } from './identity/tenant-page-routes.ts';
import { identityRoutes } from './identity/tenant-routes.ts';
import { rootKey, sealKeys } from './key-files.ts';
import { problemPage } from './pages/notices.ts';
import { forgetServer, refuseSecond, registerServer } from './server-file.ts';
import { type OnboardingSteps, onboard } from './tenants/onboarding.ts';
import { tenantRoutes } from './tenants/routes.ts';
import { TenantService } from './tenants/service.ts';
import { activeRegions, registerCluster, servedTenants } from './tenants/store.ts';

export const VERSION = '0.1.0';

/** The kernels and services on one database, without HTTP: what the server and the command line share. */
export interface Platform {
  config: Config;
  database: Database;
  /** bos_app with the control role beside it. */
  tenancy: Tenancy;
  /** bos_identity. */
  identity: Tenancy;
  tenants: TenantService;
  people: People;
  steps: OnboardingSteps;
  origin(label: string): string;
  end(): Promise<void>;
}

/**
 * Opens the kernels on the given database, or on that of the configuration; nothing stays open on failure.
 * @throws AttestationError, ConfigError.
 */
export async function openPlatform(config: Config, log: Logger, given?: Database): Promise<Platform> {
  const database = given ?? (await openDatabase(config, (line) => log.info(line)));
  const open: { end(): Promise<void> }[] = [];
  const end = async () => {
    await Promise.all(open.map((one) => one.end()));
  };
  try {
    const shared = {
      sealKeys: sealKeys(config.dataDir),
      onPrivileged: (reason: string) => log.debug({ reason }, 'privileged'),
    };
    const tenancy = await createTenancy({
      ...shared,
      connection: database.connection('bos_app'),
      control: database.connection('bos_control'),
      connections: config.connections,
      multiplexed: config.multiplexed,
    });
    open.push(tenancy);
    // a stuck holder of the feed's head must not block revocations
    const own = { lockTimeoutMs: 2_000, idleInTransactionTimeoutMs: 5_000 };
    const connection = { ...database.connection('bos_identity'), ...own };
    const identity = await createTenancy({
      ...shared,
      connection,
      control: connection,
      connections: 4,
      multiplexed: 2,
    });
    open.push(identity);
    const { feed, end: endFeed } = await openFeed(connection, log);
    open.push({ end: endFeed });
    await tenancy.privileged('register this cluster in the directory', registerCluster);
    const tenants = new TenantService(tenancy, feed);
    const people = await openPeople({
      config,
      rootKey: rootKey(config.dataDir),
      identity,
      tenants,
      feed,
      log,
      onboard: (key, request, before) =>
        onboard(tenants, { ...steps, fill: (id, wish) => before().then(() => steps.fill(id, wish)) }, key, request),
      regions: () => tenancy.privileged('list the regions that take tenants', activeRegions),
      served: () => tenancy.privileged('list the tenants whose sessions are swept', servedTenants),
    });
    const steps = onboardingSteps(tenancy, people);
    const { origin } = people;
    return { config, database, tenancy, identity, tenants, people, steps, origin, end };
  } catch (error) {
    await end();
    if (database.embedded?.started) await database.embedded.stop();
    throw error;
  }
}

/** First user by bos_identity, first company and contact by bos_app, all with ids made from the tenant's. */
function onboardingSteps(tenancy: Tenancy, people: People): OnboardingSteps {
  const { identity } = people;
  return {
    fill: async (tenantId, request) => {
      await identity.withTenant(tenantId, 's:setup', async () => {
        const { email } = request.owner;
        const owner = await identity.transaction(async (tx) => {
          const id = await ensureMember(tx, tenantId, { ...request.owner, role: 'owner' });
          const person = await findPerson(tx, { id });
          if (person?.password === null) await welcome(people, tx, tenantId, email);
          return id;
        });
        await firstRecords(tenancy, tenantId, owner, request);
      });
      people.outbox.kick();
    },
    probe: (tenantId, neighbour) => tenancy.probe(tenantId, neighbour),
  };
}

/** Written once, whoever else finishes the same onboarding now: the company's id is derived, and all is one transaction. */
async function firstRecords(
  tenancy: Tenancy,
  tenantId: string,
  owner: string,
  request: OnboardingRequest,
): Promise<void> {
  const { name, email } = request.owner;
  try {
    await tenancy.transaction(async (tx) => {
      const { rows } = await tx.query({ text: 'select 1 from crm.companies limit 1', values: [] });
      if (rows.length > 0) return;
      const company = await insertCompany(tx, { name: request.name }, derivedId('company', tenantId));
      await insertContact(tx, { company_id: company.id, name, email, status: 'active', owner });
    });
  } catch (error) {
    if (!(error instanceof TenancyError) || error.code !== 'CONFLICT') throw error;
  }
}

/** A running server. */
export interface Running {
  platform: Platform;
  port: number;
  log: Logger;
  /** Answers what is under way, refuses what is new, and ends every connection; the embedded database stops last. */
  stop(): Promise<void>;
}

export interface StartOptions {
  log?: Logger;
  /** A database that is set up already; the configuration's when left out. */
  database?: Database;
  /** Runs after the database is open and before the first request; returns the demo's tenants, if it made any. */
  prepare?: (platform: Platform) => Promise<readonly DemoTenant[]>;
}

/**
 * Starts the whole product in this process: the port first, so that a taken one costs nothing, then the database. Until
 * all is ready every request is answered 503.
 * @throws ConfigError for a taken port or data folder, naming it; nothing stays open.
 */
export async function startServer(config: Config, options: StartOptions = {}): Promise<Running> {
  const log = options.log ?? createLog(config);
  if (config.databaseUrl === undefined) await refuseSecond(config.dataDir);
  const listener = await listen(config.port, log);
  const { port } = listener;
  const settings = { ...config, publicPort: config.publicPort || port };
  let platform: Platform | undefined;
  try {
    platform = await openPlatform(settings, log, options.database);
    const demo = await options.prepare?.(platform);
    listener.serve(createApp(gatewayOptions(platform, log, demo)));
    registerServer(config.dataDir, port);
  } catch (error) {
    listener.close();
    await platform?.end();
    if (platform?.database.embedded?.started) await platform.database.embedded.stop();
    throw error;
  }
  const { people, database, end } = platform;
  people.outbox.start();
  const stopHousekeeping = keepHouse(platform, log);
  const stop = async () => {
    stopHousekeeping();
    await listener.drain();
    await people.outbox.stop();
    await people.authenticator.flushUse().catch(() => {});
    await end();
    await database.embedded?.stop();
    forgetServer(config.dataDir);
  };
  return { platform, port, log, stop };
}

/** The program's own log: JSON lines on stdout or `to`, with everything that could be a secret cut out. */
export function createLog(config: Pick<Config, 'logLevel'>, to?: DestinationStream): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    redact: { paths: ['*.authorization', '*.password', '*.token', 'password', 'token'], censor: '[redacted]' },
  };
  return to === undefined ? pino(options) : pino(options, to);
}

function gatewayOptions(platform: Platform, log: Logger, demo: readonly DemoTenant[] | undefined): GatewayOptions {
  const { config, people, tenancy, identity, tenants, steps } = platform;
  const { baseDomain, publicPort, production } = config;
  const document = openapi({
    version: VERSION,
    baseDomain,
    scheme: production ? 'https' : 'http',
    ...(publicPort !== 80 && publicPort !== 443 && { port: publicPort }),
  });
  const local = { outbox: !production && config.smtpUrl === undefined };
  const ofIdentity = identityRoutes(people);
  const { authenticator } = people;
  return {
    host: { baseDomain, port: publicPort, production },
    trusted: networks(config.trustProxy),
    sessionCookie: SESSION_COOKIE,
    resolve: (presented) => authenticator.resolve(presented),
    recordDenial: (rights, what, requestId) => authenticator.recordDenial(rights, what, requestId),
    requireRecent: (rights) => identity.privileged('look how old a sign-in is', (db) => requireRecent(db, rights)),
    requireKnown: () => authenticator.requireKnown(),
    login: (web, recent) => requireLogin(people, web, recent),
    operator: (token) => `o:${people.keys.verifyOperator(token).sub}`,
    handlers: {
      ...crmRoutes,
      ...tenantRoutes(tenants, steps),
      ...ofIdentity,
      ...idRoutes(people, local),
      'GET /healthz': async () => ({ body: { status: 'ok' } }),
      'GET /readyz': async () => {
        authenticator.requireKnown(); // else every request but the public ones is refused here
        await tenancy.privileged('answer the readiness probe', (db) =>
          db.query({ text: 'select 1', values: [], label: 'ready' }),
        );
        return { body: { status: 'ready' } };
      },
      'GET /openapi.json': async () => ({ body: document }),
    },
    tenancyOf: (key: RouteKey) => (key in ofIdentity ? identity : tenancy),
    pages: {
      routes: [
        ...startRoutes(platform, demo),
        ...idPageRoutes(people, local),
        ...ownPageRoutes(people, local),
        ...tenantPageRoutes(people, authenticator),
        ...docsRoutes,
      ],
      findAsset,
      problem: async ({ host, ...rest }) => {
        const slug =
          host.kind === 'tenant' ? host.slug : host.kind === 'base' || host.kind === 'local' ? '' : host.kind;
        const next = { href: `${platform.origin('id')}/choose`, text: 'Your businesses' };
        const address = new URL(platform.origin(slug)).host;
        return problemPage({ address, ...rest, ...(rest.status === 404 && { next }) });
      },
      csrfKey: macKey(people.rootKey, 'csrf'),
    },
    log,
  };
}

async function listen(port: number, log: Logger): Promise<Listener> {
  try {
    return await openListener(port, log);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new ConfigError(`port ${port} is taken: stop what uses it, or start with PORT=${port + 1}`, { cause });
  }
}
