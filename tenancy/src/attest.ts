import pg from 'pg';
import { catalogDifference, catalogHash, readCatalog } from './catalog.ts';
import { type ConnectionOptions, clientConfig } from './connection.ts';
import { AttestationError, forOperator } from './errors.ts';
import { type Finding, runLints } from './lint.ts';

const MAX_CLOCK_SKEW_S = 60;
const SHOWN = 20;
/**
 * Without the path a function that somebody put in front of the built-in one would run with the reviewer's rights; the
 * look at the catalog takes its time, whatever one request may take.
 */
const PINNED =
  "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('statement_timeout', '60000', true)";

/**
 * Compares the database with what the last migration left: the role's strength, row security and the exact policies
 * of every relation, and one hash over the whole catalog. Reads the catalog only, as the role that will serve.
 * @throws AttestationError listing what differs; DATABASE_UNAVAILABLE when it cannot look.
 */
export async function attest(connection: ConnectionOptions): Promise<void> {
  const client = new pg.Client(clientConfig(connection));
  client.on('error', () => {});
  try {
    await client.connect();
    await pin(client);
    const findings = [...(await clockFindings(client)), ...(await catalogFindings(client))];
    for (const finding of await runLints(client, { roles: [connection.user], boot: true })) {
      findings.push(`${finding.id} ${finding.object}: ${finding.detail}`);
    }
    if (findings.length > 0) throw new AttestationError(findings);
  } catch (error) {
    throw forOperator(error, 'attesting the database');
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Runs every lint over a database, as options of a role or as a URL; reads only.
 * @param roles login roles that serve requests
 */
export async function checkDatabase(
  connection: ConnectionOptions | string,
  roles: readonly string[],
): Promise<Finding[]> {
  const client = new pg.Client(
    typeof connection === 'string'
      ? { connectionString: connection, connectionTimeoutMillis: 5_000 }
      : clientConfig(connection),
  );
  client.on('error', () => {});
  try {
    await client.connect();
    await pin(client);
    return await runLints(client, { roles });
  } catch (error) {
    throw forOperator(error, 'checking the database');
  } finally {
    await client.end().catch(() => {});
  }
}

/** Opens a transaction in which no setting counts that a session behind a pooler may still hold; it ends with the client. */
async function pin(client: pg.Client): Promise<void> {
  for (const text of ['begin', 'reset all', PINNED]) await client.query(text);
}

async function clockFindings(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ now: number }>('select extract(epoch from clock_timestamp())::float8 as now');
  const skew = Math.abs(Date.now() / 1000 - (rows[0]?.now ?? 0));
  return skew > MAX_CLOCK_SKEW_S
    ? [`clock: the database is ${Math.round(skew)} s away from this machine; seals need ${MAX_CLOCK_SKEW_S} s`]
    : [];
}

async function catalogFindings(client: pg.Client): Promise<string[]> {
  const { rows: found } = await client.query<{ there: boolean }>(
    "select to_regclass('tenancy.attestation') is not null as there",
  );
  if (!found[0]?.there) return ['catalog: no migration ran here; run bos migrate'];
  const { rows } = await client.query<{ hash: string; lines: string }>('select hash, lines from tenancy.attestation');
  const attested = rows[0];
  if (attested === undefined) return ['catalog: the last migration did not finish; run bos migrate'];
  const live = await readCatalog(client);
  if (catalogHash(live) === attested.hash) return [];
  const difference = catalogDifference(attested.lines.split('\n'), live);
  const more = difference.length > SHOWN ? [`… and ${difference.length - SHOWN} more`] : [];
  return [...difference.slice(0, SHOWN).map((line) => `catalog ${line}`), ...more];
}
