import { type Statement, sql, type Unscoped } from '@businessos/tenancy';
import type { Position } from './feed.ts';
import type { PersonRow } from './person-store.ts';

type Db = Pick<Unscoped, 'query'>;

export interface NewLogin {
  /** As read when the password was checked. */
  person: Pick<PersonRow, 'id' | 'password' | 'totp_step'>;
  kind: 'browser' | 'token';
  /** Of the cookie; null for a token's. */
  hash: Buffer | null;
  device: string;
  address: string;
  /** True when the second factor was shown at once. */
  factor: boolean;
  /** True while the second factor is still to be shown: such a login opens nothing. */
  pending: boolean;
  seconds: number;
}

export interface LoginRow {
  id: string;
  person_id: string;
  kind: 'browser' | 'token';
  device: string;
  address: string;
  tries: number | null;
  auth_at: Date;
  factor_at: Date | null;
  created_at: Date;
  seen_at: Date;
}

const COLUMNS = sql`id, person_id, kind, device, address, tries, auth_at, factor_at, created_at, seen_at`;

/**
 * Makes a sign-in; undefined when the person's password or second factor is another by now. It waits for whoever changes
 * them: a sign-in with the old password that is under way would otherwise outlive the reset that ends all others.
 */
export async function insertLogin(db: Db, login: NewLogin): Promise<string | undefined> {
  const { person, kind, hash, device, address, factor, pending, seconds } = login;
  const { rows } = await db.query<{ id: string }>(
    sql`insert into identity.logins (person_id, kind, hash, device, address, tries, factor_at, expires_at)
        select id, ${kind}, ${hash}::bytea, ${device.slice(0, 200)}, ${address}, ${pending ? 0 : null}::int,
          case when ${factor}::boolean then now() end, now() + make_interval(secs => ${seconds})
        from identity.persons where id = ${person.id} and password is not distinct from ${person.password}
          and (totp_step is null) = ${person.totp_step === null} for share returning id`,
  );
  return rows[0]?.id;
}

/** The login of a browser's cookie at the identity host, with the position that it was read in; pending ones too. */
export async function findLogin(db: Db, hash: Buffer): Promise<(LoginRow & Position) | undefined> {
  const { rows } = await db.query<LoginRow & { rev: string; gen: string }>(
    sql('login_by_hash')`select h.seq as rev, h.generation as gen, ${COLUMNS} from identity.feed_head h
      join identity.logins on hash = ${hash} and expires_at > now()`,
  );
  const row = rows[0];
  return row && { ...row, rev: Number(row.rev) };
}

export async function readLogin(db: Db, id: string): Promise<LoginRow | undefined> {
  const { rows } = await db.query<LoginRow>(
    sql(
      'login_by_id',
    )`select ${COLUMNS} from identity.logins where id = ${id} and tries is null and expires_at > now()`,
  );
  return rows[0];
}

/** When a login was made by password, in seconds before now; undefined when it has ended. */
export async function loginAge(db: Db, loginId: string): Promise<number | undefined> {
  const { rows } = await db.query<{ age: number }>(
    sql('login_age')`select extract(epoch from now() - auth_at)::float8 as age from identity.logins
      where id = ${loginId} and expires_at > now() and tries is null`,
  );
  return rows[0]?.age;
}

/** Counts one try of the second factor; false when there were five, and the login is gone. */
export async function countTry(db: Db, loginId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update identity.logins set tries = tries + 1 where id = ${loginId} and tries < 5 and expires_at > now()`,
  );
  if (rowCount === 1) return true;
  await db.query(sql`delete from identity.logins where id = ${loginId} and tries is not null`);
  return false;
}

/** Makes a pending login a real one, under another cookie. */
export async function completeLogin(db: Db, loginId: string, hash: Buffer, seconds: number): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update identity.logins set tries = null, hash = ${hash}, factor_at = now(), seen_at = now(),
          expires_at = now() + make_interval(secs => ${seconds}) where id = ${loginId} and tries is not null`,
  );
  return rowCount === 1;
}

/** Notes that the second factor was shown in a login. */
export async function markFactor(db: Db, loginId: string): Promise<void> {
  await db.query(sql`update identity.logins set factor_at = now() where id = ${loginId}`);
}

/** Notes that a login was seen, at most once a minute. */
export async function touchLogin(db: Db, loginId: string): Promise<void> {
  await db.query(
    sql(
      'login_seen',
    )`update identity.logins set seen_at = now() where id = ${loginId} and seen_at < now() - interval '1 minute'`,
  );
}

export async function listLogins(db: Db, personId: string): Promise<LoginRow[]> {
  const { rows } = await db.query<LoginRow>(
    sql`select ${COLUMNS} from identity.logins where person_id = ${personId} and tries is null and expires_at > now()
        order by seen_at desc, id limit 200`,
  );
  return rows;
}

/** Ends one login of a person; false when it is not his, or gone. Everything that came of it goes with it. */
export async function deleteLogin(db: Db, personId: string, loginId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`delete from identity.logins where id = ${loginId} and person_id = ${personId}`,
  );
  return rowCount === 1;
}

/** Ends all logins of a person, but for one. */
export async function deleteLogins(db: Db, personId: string, except: string | null = null): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    sql`delete from identity.logins where person_id = ${personId} and id is distinct from ${except}::uuid returning id`,
  );
  return rows.map(({ id }) => id);
}

/** A code of 30 seconds that takes a login from the identity host to one tenant's, for one browser's flow. */
export async function insertCode(
  db: Db,
  code: { hash: Buffer; tenantId: string; loginId: string; personId: string; flow: Buffer },
): Promise<void> {
  const { hash, tenantId, loginId, personId, flow } = code;
  await db.query(
    sql`insert into identity.codes (hash, tenant_id, login_id, person_id, flow, expires_at)
        values (${hash}, ${tenantId}, ${loginId}, ${personId}, ${flow}, now() + interval '30 seconds')`,
  );
}

/** Uses a code up, whatever becomes of it; undefined when there is none, it is another tenant's or flow's, or too old. */
export async function takeCode(
  db: Db,
  hash: Buffer,
  tenantId: string,
  flow: Buffer,
): Promise<{ login_id: string; person_id: string } | undefined> {
  const { rows } = await db.query<{ login_id: string; person_id: string; good: boolean }>(
    sql('code_take')`delete from identity.codes where hash = ${hash}
      returning login_id, person_id, tenant_id = ${tenantId} and flow = ${flow} and expires_at > now() as good`,
  );
  return rows[0]?.good ? rows[0] : undefined;
}

export async function insertRefresh(
  db: Db,
  token: { hash: Buffer; loginId: string; tenantId: string; seconds: number },
): Promise<void> {
  const { hash, loginId, tenantId, seconds } = token;
  await db.query(
    sql`insert into identity.refresh_tokens (hash, login_id, tenant_id, expires_at)
        values (${hash}, ${loginId}, ${tenantId}, now() + make_interval(secs => ${seconds}))`,
  );
}

export interface RefreshRow {
  login_id: string;
  person_id: string;
  tenant_id: string;
  used: boolean;
  factor: boolean;
}

/** What a refresh token is for; also a used one, undefined for one that is unknown or over. */
export async function findRefresh(db: Db, hash: Buffer): Promise<RefreshRow | undefined> {
  const { rows } = await db.query<RefreshRow>(
    sql('refresh_by_hash')`select r.login_id, l.person_id, r.tenant_id, r.used_at is not null as used,
        l.factor_at is not null and p.totp_step is not null as factor
      from identity.refresh_tokens r join identity.logins l on l.id = r.login_id and l.expires_at > now() and l.tries is null
      join identity.persons p on p.id = l.person_id
      where r.hash = ${hash} and r.expires_at > now()`,
  );
  return rows[0];
}

/**
 * Uses a refresh token; false when it was used before, by whomever. The login is locked first, as whoever ends it does:
 * the other way round the two would wait for each other, and PostgreSQL might undo the sign-out.
 */
export async function useRefresh(db: Db, hash: Buffer, loginId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    sql('refresh_use')`with login as materialized (select id from identity.logins where id = ${loginId} for key share)
      update identity.refresh_tokens r set used_at = now() from login
      where r.login_id = login.id and r.hash = ${hash} and r.used_at is null`,
  );
  return rowCount === 1;
}

/** The last statement of the transaction that takes a right away. */
export function revocation(subject: string): Statement {
  return sql('revoke')`select identity.revoke(${subject})`;
}

/** Deletes what is over, 1,000 rows a statement; of a sign-in first its tokens, which may be thousands. */
export async function sweepLogins(db: Db): Promise<void> {
  const steps = [
    sql`delete from identity.refresh_tokens where hash in (select hash from identity.refresh_tokens where expires_at < now() limit 1000)`,
    sql`delete from identity.refresh_tokens where hash in (select r.hash from identity.logins l
      join identity.refresh_tokens r on r.login_id = l.id where l.expires_at < now() limit 1000)`,
    sql`delete from identity.logins where id in (select id from identity.logins where expires_at < now() limit 1000)`,
  ];
  for (const step of steps) while ((await db.query(step)).rowCount === 1_000);
  await db.query(sql`delete from identity.codes where expires_at < now() - interval '1 hour'`);
  await db.query(sql`delete from identity.feed where at < now() - interval '1 day'`);
}
