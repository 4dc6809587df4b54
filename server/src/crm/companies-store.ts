import type { Company, CompanyCreate, CompanyPatch, ListQuery } from '@businessos/contract';
import { type Querier, sql } from '@businessos/tenancy';
import { closeCursor, listSql, where } from '../list-sql.ts';
import { assignments } from './contacts-store.ts';

interface Row extends Omit<Company, 'created_at' | 'updated_at'> {
  created_at: Date;
  updated_at: Date;
  name_key: string;
}

const COLUMNS = sql`id, name, domain, version, created_at, updated_at`;

/** One page of companies and the cursor after it. */
export async function listCompanies(
  db: Querier,
  tenantId: string,
  query: ListQuery,
): Promise<{ items: Company[]; next: string | null }> {
  const { conditions, order, common } = listSql('companies', query, tenantId);
  const text = common ? sql('companies') : sql;
  const { rows } = await db.query<Row>(
    text`select ${COLUMNS}, name_key from crm.companies where deleted_at is null and ${where(conditions)} order by ${order} limit ${query.limit + 1}`,
  );
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const value = last && (query.sort.column === 'name_key' ? last.name_key : last.created_at.toISOString());
  const next =
    rows.length > query.limit && last && value !== undefined
      ? closeCursor('companies', query, tenantId, value, last.id)
      : null;
  return { items: items.map(companyOf), next };
}

export async function findCompany(db: Querier, id: string): Promise<Company | undefined> {
  const { rows } = await db.query<Row>(
    sql('company_by_id')`select ${COLUMNS} from crm.companies where id = ${id} and deleted_at is null`,
  );
  return rows[0] && companyOf(rows[0]);
}

/** Locks a company that is not in the trash against being put there; false when there is none. */
export async function holdCompany(db: Querier, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    sql('company_hold')`select 1 from crm.companies where id = ${id} and deleted_at is null for share`,
  );
  return rowCount === 1;
}

export async function insertCompany(
  db: Querier,
  { name, domain = null }: CompanyCreate,
  id: string | null = null,
): Promise<Company> {
  const { rows } = await db.query<Row>(
    sql(
      'company_insert',
    )`insert into crm.companies (id, name, domain) values (coalesce(${id}::uuid, gen_random_uuid()), ${name}, ${domain}) returning ${COLUMNS}`,
  );
  return companyOf(rows[0] as Row);
}

/** Changes the company where its version is the given one; undefined when it is not, or there is none. */
export async function updateCompany(
  db: Querier,
  id: string,
  version: number,
  patch: CompanyPatch,
): Promise<Company | undefined> {
  const { rows } = await db.query<Row>(
    sql`update crm.companies set ${assignments(patch)} where id = ${id} and version = ${version} and deleted_at is null returning ${COLUMNS}`,
  );
  return rows[0] && companyOf(rows[0]);
}

/** Puts the company into the trash; its contacts stay and lose the reference. False when the version is another. */
export async function trashCompany(db: Querier, id: string, version: number): Promise<boolean> {
  const { rowCount } = await db.query(
    sql(
      'company_trash',
    )`update crm.companies set deleted_at = now() where id = ${id} and version = ${version} and deleted_at is null`,
  );
  if (rowCount !== 1) return false;
  await db.query(sql('company_release')`update crm.contacts set company_id = null where company_id = ${id}`);
  return true;
}

function companyOf(row: Row): Company {
  const { name_key: _, created_at, updated_at, ...rest } = row;
  return { ...rest, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}
