import { type OnboardingRequest, openapi } from '@businessos/contract';
import { createTenancy, derivedId, type Tenancy, TenancyError } from '@businessos/tenancy';
import { createResolver, createTokenVerifier } from '@businessos/tenancy/express';
import pino, { type DestinationStream, type Logger } from 'pino';
import { type Config, ConfigError } from './config.ts';
import { insertCompany } from './crm/companies-store.ts';
import { insertContact } from './crm/contacts-store.ts';
import { crmRoutes } from './crm/routes.ts';
import { type Database, openDatabase } from './database.ts';
import { createApp, type GatewayOptions } from './gateway/app.ts';
import { type Listener, openListener } from './gateway/listener.ts';
import { ensureMember } from './identity/store.ts';
import { sealKeys, tokenKey } from './key-files.ts';
import { forgetServer, refuseSecond, registerServer } from './server-file.ts';
import { type OnboardingSteps, sweepOnboardings } from './tenants/onboarding.ts';
import { tenantRoutes } from './tenants/routes.ts';
import { TenantService } from './tenants/service.ts';
import { registerCluster } from './tenants/store.ts';
import { issuerOf, OPERATOR_AUDIENCE, TENANT_AUDIENCE } from './tokens.ts';

export const VERSION = '0.1.0';
const SWEEP_MS = 30_000;

/** The kernels and services on one database, without HTTP: what the server and the command line share. */
export interface Platform {
  config: Config;
  database: Database;
  /** bos_app with the control role beside it. */
  tenancy: Tenancy;
  /** bos_identity. */
  identity: Tenancy;
  tenants: TenantService;
  steps: OnboardingSteps;
  end(): Promise<void>;
}

/**
 * Opens the kernels on the given database, or on that of the configuration; nothing stays open on failure.
 * @throws AttestationError, ConfigError.
 */
export async function openPlatform(config: Config, log: Logger, given?: Database): Promise<Platform> {
  const database = given ?? (await openDatabase(config, (line) => log.info(line)));
  const open: Tenancy[] = [];
  const end = async () => {
    await Promise.all(open.map((tenancy) => tenancy.end()));
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
    const connection = database.connection('bos_identity');
    const identity = await createTenancy({ ...shared, connection, connections: 3, multiplexed: 0 });
    open.push(identity);
    await tenancy.privileged('register this cluster in the directory', registerCluster);
    const tenants = new TenantService(tenancy);
    return { config, database, tenancy, identity, tenants, steps: onboardingSteps(tenancy, identity), end };
  } catch (error) {
    await end();
    if (database.embedded?.started) await database.embedded.stop();
    throw error;
  }
}

/** First user by bos_identity, first company and contact by bos_app, all with ids made from the tenant's. */
function onboardingSteps(tenancy: Tenancy, identity: Tenancy): OnboardingSteps {
  return {
    fill: (tenantId, request) =>
      identity.withTenant(tenantId, 's:setup', async () => {
        const owner = await identity.transaction((tx) =>
          ensureMember(tx, tenantId, { ...request.owner, role: 'owner' }),
        );
        await firstRecords(tenancy, tenantId, owner, request);
      }),
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
  /** Runs after the database is open and before the first request. */
  prepare?: (platform: Platform) => Promise<void>;
  page?: (platform: Platform, publicPort: number) => NonNullable<GatewayOptions['page']>;
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
  let platform: Platform | undefined;
  try {
    platform = await openPlatform(config, log, options.database);
    await options.prepare?.(platform);
    const settings = { ...config, publicPort: config.publicPort || port };
    listener.serve(createApp(gatewayOptions(settings, platform, log, options)));
    registerServer(config.dataDir, port);
  } catch (error) {
    listener.close();
    await platform?.end();
    if (platform?.database.embedded?.started) await platform.database.embedded.stop();
    throw error;
  }
  const { tenants, steps, database, end } = platform;
  const sweep = setInterval(() => {
    sweepOnboardings(tenants, steps).catch((error: unknown) =>
      log.warn({ error: String(error) }, 'onboarding sweep failed'),
    );
  }, SWEEP_MS);
  sweep.unref();
  const stop = async () => {
    clearInterval(sweep);
    await listener.drain();
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

function gatewayOptions(config: Config, platform: Platform, log: Logger, { page }: StartOptions): GatewayOptions {
  const keys = [tokenKey(config.dataDir)];
  const issuer = issuerOf(config);
  const verifyOperator = createTokenVerifier({ keys, issuer, audience: OPERATOR_AUDIENCE });
  const document = openapi({
    version: VERSION,
    baseDomain: config.baseDomain,
    scheme: config.production ? 'https' : 'http',
    ...(config.publicPort !== 80 && config.publicPort !== 443 && { port: config.publicPort }),
  });
  return {
    host: { baseDomain: config.baseDomain, port: config.publicPort, production: config.production },
    tenancy: platform.tenancy,
    resolve: createResolver({
      verify: createTokenVerifier({ keys, issuer, audience: TENANT_AUDIENCE }),
      findTenant: (by) => platform.tenants.find(by),
    }),
    operator: (token) => `o:${verifyOperator(token).sub}`,
    handlers: {
      ...crmRoutes,
      ...tenantRoutes(platform.tenants, platform.steps),
      'GET /healthz': async () => ({ body: { status: 'ok' } }),
      'GET /readyz': async () => {
        await platform.tenancy.privileged('answer the readiness probe', (db) =>
          db.query({ text: 'select 1', values: [], label: 'ready' }),
        );
        return { body: { status: 'ready' } };
      },
      'GET /openapi.json': async () => ({ body: document }),
    },
    ...(page && { page: page(platform, config.publicPort) }),
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
