import type { Contact, ContactCreate, ContactPatch, ListQuery } from '@businessos/contract';
import { identifier, joined, type Querier, type Statement, sql } from '@businessos/tenancy';
import { closeCursor, listSql, where } from '../list-sql.ts';

interface Row extends Omit<Contact, 'touched_at' | 'created_at' | 'updated_at'> {
  touched_at: Date;
  created_at: Date;
  updated_at: Date;
  name_key: string;
}

const COLUMNS = sql`id, company_id, name, email, phone, status, owner, touched_at, version, created_at, updated_at`;

/** One page of contacts and the cursor after it. */
export async function listContacts(
  db: Querier,
  tenantId: string,
  query: ListQuery,
): Promise<{ items: Contact[]; next: string | null }> {
  const { conditions, order, common } = listSql('contacts', query, tenantId);
  const text = common ? sql('contacts') : sql;
  const { rows } = await db.query<Row>(
    text`select ${COLUMNS}, name_key from crm.contacts where deleted_at is null and ${where(conditions)} order by ${order} limit ${query.limit + 1}`,
  );
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const next =
    rows.length > query.limit && last
      ? closeCursor('contacts', query, tenantId, sortValue(last, query.sort.column), last.id)
      : null;
  return { items: items.map(contactOf), next };
}

export async function findContact(db: Querier, id: string): Promise<Contact | undefined> {
  const { rows } = await db.query<Row>(
    sql('contact_by_id')`select ${COLUMNS} from crm.contacts where id = ${id} and deleted_at is null`,
  );
  return rows[0] && contactOf(rows[0]);
}

export async function insertContact(db: Querier, contact: ContactCreate): Promise<Contact> {
  const { company_id = null, name, email = null, phone = null, status, owner = null, touched_at = null } = contact;
  const { rows } = await db.query<Row>(
    sql('contact_insert')`insert into crm.contacts (company_id, name, email, phone, status, owner, touched_at)
      values (${company_id}, ${name}, ${email}, ${phone}, ${status}, ${owner}, coalesce(${touched_at}::timestamptz, now())) returning ${COLUMNS}`,
  );
  return contactOf(rows[0] as Row);
}

/** Changes the contact where its version is the given one; undefined when it is not, or there is none. */
export async function updateContact(
  db: Querier,
  id: string,
  version: number,
  patch: ContactPatch,
): Promise<Contact | undefined> {
  const { rows } = await db.query<Row>(
    sql`update crm.contacts set ${assignments(patch)} where id = ${id} and version = ${version} and deleted_at is null returning ${COLUMNS}`,
  );
  return rows[0] && contactOf(rows[0]);
}

/** Puts the contact into the trash; false when the version is another, or there is none. */
export async function trashContact(db: Querier, id: string, version: number): Promise<boolean> {
  const { rowCount } = await db.query(
    sql(
      'contact_trash',
    )`update crm.contacts set deleted_at = now() where id = ${id} and version = ${version} and deleted_at is null`,
  );
  return rowCount === 1;
}

/** `set` of the sent fields; the names come from a schema that refuses unknown ones. */
export function assignments(patch: Record<string, unknown>): Statement {
  return joined(
    Object.entries(patch).map(([name, value]) => sql`${identifier(name)} = ${value}`),
    ',',
  );
}

function sortValue(row: Row, column: string): string {
  const value = row[column as keyof Row];
  return value instanceof Date ? value.toISOString() : String(value);
}

function contactOf(row: Row): Contact {
  const { name_key: _, touched_at, created_at, updated_at, ...rest } = row;
  return {
    ...rest,
    touched_at: touched_at.toISOString(),
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}
