import type { Permission, Role } from '@businessos/contract';
import { type Querier, sql } from '@businessos/tenancy';
import type { Position } from './feed.ts';

interface Head {
  rev: string;
  gen: string;
}

export interface SessionRights extends Position {
  person_id: string;
  login_id: string;
  role: Role;
  auth_at: Date;
  expires_at: Date;
}

export interface KeyRights extends Position {
  id: string;
  permissions: Permission[];
  addresses: string[];
  created_by: string;
  /** The maker's present role; null once he has left. */
  role: Role | null;
  expires_at: Date | null;
}

export interface MemberRights extends Position {
  role: Role | null;
}

/**
 * Reads the rights of a session at the scope's tenant. Rights and head of the feed come of one statement: read one
 * after the other, a right that is taken away between them would never be stale.
 */
export async function readSession(db: Querier, hash: Buffer): Promise<SessionRights | undefined> {
  const { rows } = await db.query<Omit<SessionRights, keyof Position> & Head>(
    sql(
      'session_rights',
    )`select h.seq as rev, h.generation as gen, s.person_id, s.login_id, m.role, l.auth_at, least(s.expires_at, l.expires_at) as expires_at
      from identity.feed_head h
      join identity.sessions s on s.hash = ${hash} and s.expires_at > now()
      join identity.memberships m on m.person_id = s.person_id
      join identity.logins l on l.id = s.login_id and l.person_id = s.person_id and l.expires_at > now() and l.tries is null`,
  );
  return rows[0] && positioned(rows[0]);
}

/** Reads the rights of an API key at the scope's tenant; see `readSession`. */
export async function readKey(db: Querier, hash: Buffer): Promise<KeyRights | undefined> {
  const { rows } = await db.query<Omit<KeyRights, keyof Position> & Head>(
    sql(
      'key_rights',
    )`select h.seq as rev, h.generation as gen, k.id, k.permissions, k.addresses, k.created_by, m.role, k.expires_at
      from identity.feed_head h
      join identity.api_keys k on k.hash = ${hash} and (k.expires_at is null or k.expires_at > now())
      left join identity.memberships m on m.person_id = k.created_by`,
  );
  return rows[0] && positioned(rows[0]);
}

/** Reads the role of a person at the scope's tenant, null when he is no member; see `readSession`. */
export async function readMember(db: Querier, personId: string): Promise<MemberRights> {
  const { rows } = await db.query<{ role: Role | null } & Head>(
    sql('member_rights')`select h.seq as rev, h.generation as gen, m.role from identity.feed_head h
      left join identity.memberships m on m.person_id = ${personId}`,
  );
  return positioned(rows[0] as { role: Role | null } & Head);
}

export async function insertSession(
  db: Querier,
  session: { hash: Buffer; loginId: string; personId: string; seconds: number },
): Promise<void> {
  const { hash, loginId, personId, seconds } = session;
  await db.query(
    sql('session_insert')`insert into identity.sessions (hash, login_id, person_id, expires_at)
      values (${hash}, ${loginId}, ${personId}, now() + make_interval(secs => ${seconds}))`,
  );
}

/** Deletes sessions of the scope's tenant that are over. */
export async function sweepSessions(db: Querier): Promise<void> {
  await db.query(sql('sessions_sweep')`delete from identity.sessions where expires_at < now()`);
}

export interface ApiKeyRow {
  id: string;
  name: string;
  permissions: Permission[];
  addresses: string[];
  created_by: string;
  created_at: Date;
  last_used_at: Date | null;
  expires_at: Date | null;
}

export async function insertKey(
  db: Querier,
  key: {
    hash: Buffer;
    name: string;
    permissions: string[];
    addresses: string[];
    createdBy: string;
    expiresAt: string | null;
  },
): Promise<string> {
  const { hash, name, permissions, addresses, createdBy, expiresAt } = key;
  const { rows } = await db.query<{ id: string }>(
    sql`insert into identity.api_keys (hash, name, permissions, addresses, created_by, expires_at)
        values (${hash}, ${name}, ${permissions}::text[], ${addresses}::text[], ${createdBy}, ${expiresAt}::timestamptz) returning id`,
  );
  return (rows[0] as { id: string }).id;
}

export async function listKeys(db: Querier): Promise<ApiKeyRow[]> {
  const { rows } = await db.query<ApiKeyRow>(
    sql('api_keys')`select id, name, permissions, addresses, created_by, created_at, last_used_at, expires_at
      from identity.api_keys order by created_at desc, id desc limit 500`,
  );
  return rows;
}

/** Deletes a key; its name, or undefined when there is none. */
export async function deleteKey(db: Querier, id: string): Promise<string | undefined> {
  const { rows } = await db.query<{ name: string }>(sql`delete from identity.api_keys where id = ${id} returning name`);
  return rows[0]?.name;
}

/** Notes when keys of the scope's tenant were used last: one statement for all of them. */
export async function touchKeys(db: Querier, used: readonly { id: string; at: Date }[]): Promise<void> {
  await db.query(
    sql('api_keys_used')`update identity.api_keys k set last_used_at = u.at
      from unnest(${used.map(({ id }) => id)}::uuid[], ${used.map(({ at }) => at.toISOString())}::timestamptz[]) as u(id, at)
      where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)`,
  );
}

/** Writes an event of the scope's tenant, as the scope's principal, into its log. */
export async function note(db: Querier, kind: string, target: string, body: Record<string, unknown>): Promise<void> {
  await db.query(sql('note')`select audit.note(${kind}, ${target}, ${JSON.stringify(body)})`, { writes: true });
}

function positioned<T extends Head>(row: T): Omit<T, 'rev'> & { rev: number } {
  return { ...row, rev: Number(row.rev) };
}
