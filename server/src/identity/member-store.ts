import type { Permission, Role } from '@businessos/contract';
import { derivedId, type Querier, sql } from '@businessos/tenancy';

export interface NewMember {
  email: string;
  name: string;
  role: Role;
  /** argon2id in PHC form, for the demo's people. */
  password?: string;
}

export interface MemberRow {
  person_id: string;
  name: string;
  email: string;
  role: Role;
  joined_at: Date;
}

/**
 * Makes a person a member of the scope's tenant, as bos_identity in its own scoped transaction. Ids come from the
 * tenant's id, so a repeat writes nothing twice; a person who is known by e-mail keeps his id, name and password.
 */
export async function ensureMember(db: Querier, tenantId: string, member: NewMember): Promise<string> {
  const { email, name, role, password = null } = member;
  const id = derivedId('person', tenantId, email);
  await db.query(
    sql`insert into identity.persons (id, email, name, password) values (${id}, ${email}, ${name}, ${password}) on conflict do nothing`,
  );
  const { rows } = await db.query<{ id: string }>(
    // by id: a repeat after the person changed his address
    sql`select id from identity.persons where email = ${email} or id = ${id} order by email <> ${email} limit 1`,
  );
  const personId = (rows[0] as { id: string }).id;
  await insertMember(db, tenantId, { personId, email, name, role });
  return personId;
}

/** Makes a known person a member; false when he is one already, whose role stays. */
export async function insertMember(
  db: Querier,
  tenantId: string,
  { personId, email, name, role }: { personId: string; email: string; name: string; role: Role },
): Promise<boolean> {
  await db.query(
    sql`insert into identity.person_tenants (person_id, tenant_id) values (${personId}, ${tenantId}) on conflict do nothing`,
  );
  const { rowCount } = await db.query(
    sql`insert into identity.memberships (person_id, role, name, email) values (${personId}, ${role}, ${name}, ${email}) on conflict (tenant_id, person_id) do nothing`,
  );
  return rowCount === 1;
}

const COLUMNS = sql`person_id, name, email, role, joined_at`;

/** The members of the scope's tenant, owners first. */
export async function listMembers(db: Querier): Promise<MemberRow[]> {
  const { rows } = await db.query<MemberRow>(
    sql(
      'members',
    )`select ${COLUMNS} from identity.memberships order by role <> 'owner', joined_at, person_id limit 1000`,
  );
  return rows;
}

export async function findMember(db: Querier, personId: string): Promise<MemberRow | undefined> {
  const { rows } = await db.query<MemberRow>(
    sql('member')`select ${COLUMNS} from identity.memberships where person_id = ${personId}`,
  );
  return rows[0];
}

export async function isMemberEmail(db: Querier, email: string): Promise<boolean> {
  const { rows } = await db.query(sql`select 1 from identity.memberships where email = ${email} limit 1`);
  return rows.length > 0;
}

/**
 * Locks all owners of the tenant, the member and whoever acts, in one order; returns both as they are now. Two owners
 * who take each other's role at once would otherwise leave none.
 */
export async function lockOwnersAnd(
  db: Querier,
  personId: string,
  actorId: string,
): Promise<{ member: MemberRow | undefined; actor: MemberRow | undefined; owners: number }> {
  const { rows } = await db.query<MemberRow>(
    sql('owners_lock')`select ${COLUMNS} from identity.memberships
      where role = 'owner' or person_id in (${personId}, ${actorId}) order by person_id for update`,
  );
  return {
    member: rows.find((row) => row.person_id === personId),
    actor: rows.find((row) => row.person_id === actorId),
    owners: rows.filter(({ role }) => role === 'owner').length,
  };
}

/** Reads a member, who stays as he is until the transaction ends. */
export async function holdMember(db: Querier, personId: string): Promise<MemberRow | undefined> {
  const { rows } = await db.query<MemberRow>(
    sql('member_hold')`select ${COLUMNS} from identity.memberships where person_id = ${personId} for share`,
  );
  return rows[0];
}

export async function setRole(db: Querier, personId: string, role: Role): Promise<void> {
  await db.query(sql`update identity.memberships set role = ${role} where person_id = ${personId}`);
}

/** Takes a person out of the scope's tenant, with his sessions there and the keys that he made. */
export async function deleteMember(db: Querier, tenantId: string, personId: string): Promise<void> {
  await db.query(sql`delete from identity.memberships where person_id = ${personId}`);
  await db.query(sql`delete from identity.sessions where person_id = ${personId}`);
  await db.query(sql`delete from identity.api_keys where created_by = ${personId}`);
  await db.query(sql`delete from identity.person_tenants where person_id = ${personId} and tenant_id = ${tenantId}`);
}

/** Brings the copies of name and e-mail in the scope's tenant up to the person's own. */
export async function copyPerson(db: Querier, personId: string): Promise<void> {
  await db.query(
    sql`update identity.memberships m set email = p.email, name = p.name from identity.persons p
        where p.id = ${personId} and m.person_id = p.id and (m.email, m.name) is distinct from (p.email, p.name)`,
  );
}

export interface InvitationRow {
  id: string;
  email: string;
  role: Role;
  invited_by: string;
  created_at: Date;
  expires_at: Date;
  accepted_at: Date | null;
}

const INVITATION = sql`id, email, role, invited_by, created_at, expires_at, accepted_at`;

export async function insertInvitation(
  db: Querier,
  invitation: { hash: Buffer; email: string; role: Role; invitedBy: string; seconds: number },
): Promise<string> {
  const { hash, email, role, invitedBy, seconds } = invitation;
  const { rows } = await db.query<{ id: string }>(
    sql`insert into identity.invitations (hash, email, role, invited_by, expires_at)
        values (${hash}, ${email}, ${role}, ${invitedBy}, now() + make_interval(secs => ${seconds})) returning id`,
  );
  return (rows[0] as { id: string }).id;
}

export async function listInvitations(db: Querier): Promise<InvitationRow[]> {
  const { rows } = await db.query<InvitationRow>(
    sql('invitations')`select ${INVITATION} from identity.invitations order by created_at desc, id desc limit 500`,
  );
  return rows;
}

/** The invitation of a link that may still be used. */
export async function findInvitation(db: Querier, hash: Buffer): Promise<InvitationRow | undefined> {
  const { rows } = await db.query<InvitationRow>(
    sql(
      'invitation_by_hash',
    )`select ${INVITATION} from identity.invitations where hash = ${hash} and accepted_at is null and expires_at > now()`,
  );
  return rows[0];
}

/** Whoever sent an invitation, as he is now: his role, and of an API key its maker's and what the key was given. */
export interface Inviter {
  name: string;
  role: Role;
  permissions: Permission[] | null;
}

/** Finds the principal of an invitation; undefined once the person has left, or the key or its maker is gone. */
export async function findInviter(db: Querier, principal: string): Promise<Inviter | undefined> {
  const [kind, id] = [principal.slice(0, 2), principal.slice(2)];
  if (kind !== 'u:' && kind !== 'k:') return undefined;
  const { rows } = await db.query<Inviter>(
    kind === 'u:'
      ? sql('inviter')`select name, role, null::text[] as permissions from identity.memberships where person_id = ${id}`
      : sql('inviter_key')`select m.name, m.role, k.permissions from identity.api_keys k
          join identity.memberships m on m.person_id = k.created_by
          where k.id = ${id} and (k.expires_at is null or k.expires_at > now())`,
  );
  return rows[0];
}

/** Uses an invitation, once, whoever else tries at the same time. */
export async function takeInvitation(db: Querier, hash: Buffer): Promise<InvitationRow | undefined> {
  const { rows } = await db.query<InvitationRow>(
    sql('invitation_take')`update identity.invitations set accepted_at = now()
      where hash = ${hash} and accepted_at is null and expires_at > now() returning ${INVITATION}`,
  );
  return rows[0];
}

/** Takes an invitation back; undefined when there is none, or it was accepted. */
export async function deleteInvitation(db: Querier, id: string): Promise<InvitationRow | undefined> {
  const { rows } = await db.query<InvitationRow>(
    sql`delete from identity.invitations where id = ${id} and accepted_at is null returning ${INVITATION}`,
  );
  return rows[0];
}
