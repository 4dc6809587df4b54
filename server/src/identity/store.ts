import type { Role } from '@businessos/contract';
import { derivedId, type Querier, sql } from '@businessos/tenancy';

export interface NewMember {
  email: string;
  name: string;
  role: Role;
}

export interface MemberRow {
  person_id: string;
  name: string;
  email: string;
  role: Role;
}

/**
 * Makes a person a member of the scope's tenant, as bos_identity in its own scoped transaction. Ids come from the
 * tenant's id, so a repeat writes nothing twice; a person who is known by e-mail keeps his id.
 */
export async function ensureMember(db: Querier, tenantId: string, member: NewMember): Promise<string> {
  const { email, name, role } = member;
  const id = derivedId('person', tenantId, email);
  await db.query(
    sql`insert into identity.persons (id, email, name) values (${id}, ${email}, ${name}) on conflict (email) do nothing`,
  );
  const { rows } = await db.query<{ id: string }>(sql`select id from identity.persons where email = ${email}`);
  const personId = (rows[0] as { id: string }).id;
  await db.query(
    sql`insert into identity.person_tenants (person_id, tenant_id) values (${personId}, ${tenantId}) on conflict do nothing`,
  );
  await db.query(
    sql`insert into identity.memberships (person_id, role, name, email) values (${personId}, ${role}, ${name}, ${email}) on conflict (tenant_id, person_id) do nothing`,
  );
  return personId;
}

/** The members of the scope's tenant, owners first. */
export async function listMembers(db: Querier): Promise<MemberRow[]> {
  const { rows } = await db.query<MemberRow>(
    sql(
      'members',
    )`select person_id, name, email, role from identity.memberships order by role <> 'owner', joined_at, person_id limit 1000`,
  );
  return rows;
}
