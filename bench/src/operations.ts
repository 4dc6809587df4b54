import { randomUUID } from 'node:crypto';
import { type Statement, sql } from '@businessos/tenancy';
import type { StageTenant } from './load.ts';

/** A statement as plain pg prepares it. */
export interface PlainStatement {
  name: string;
  text: string;
  values: unknown[];
}

/** One thing that every contender does, in its own words. */
export interface Operation {
  name: string;
  writes: boolean;
  /** Under row security: the tenant is nowhere in the statement. */
  scoped(tenant: StageTenant): Statement;
  /** Without it: the statement names the tenant. */
  plain(tenant: StageTenant): PlainStatement;
}

const COLUMNS = sql`id, company_id, name, email, phone, status, owner, touched_at, version, created_at, updated_at`;

/** The operation that the bars are about: the product's list of contacts. */
export const NEWEST: Operation = {
  name: 'the 20 newest contacts',
  writes: false,
  scoped: () =>
    sql(
      'bench_newest',
    )`select ${COLUMNS} from crm.contacts where deleted_at is null order by created_at desc, id desc limit 20`,
  plain: ({ id }) => ({
    name: 'bench_newest',
    text: `select ${COLUMNS.text} from crm.contacts where tenant_id = $1 and deleted_at is null order by created_at desc, id desc limit 20`,
    values: [id],
  }),
};

const JOIN =
  'select c.id, c.name, c.email, k.id as company_id, k.name as company from crm.contacts c join crm.companies k on k.tenant_id = c.tenant_id and k.id = c.company_id';

/** The others, reported without a bar. */
export const OTHERS: readonly Operation[] = [
  {
    name: 'join of two tables, 20 rows',
    writes: false,
    scoped: () => ({
      text: `${JOIN} where c.deleted_at is null order by c.created_at desc, c.id desc limit 20`,
      values: [],
      label: 'bench_join',
    }),
    plain: ({ id }) => ({
      name: 'bench_join',
      text: `${JOIN} where c.tenant_id = $1 and c.deleted_at is null order by c.created_at desc, c.id desc limit 20`,
      values: [id],
    }),
  },
  {
    name: 'read by primary key',
    writes: false,
    scoped: (tenant) => sql('bench_by_id')`select ${COLUMNS} from crm.contacts where id = ${anyContact(tenant)}`,
    plain: (tenant) => ({
      name: 'bench_by_id',
      text: `select ${COLUMNS.text} from crm.contacts where tenant_id = $1 and id = $2`,
      values: [tenant.id, anyContact(tenant)],
    }),
  },
  {
    name: 'insert (fsync on)',
    writes: true,
    scoped: () =>
      sql(
        'bench_insert',
      )`insert into crm.contacts (name, email) values (${'New'}, ${newEmail()}) returning id, version`,
    plain: ({ id }) => ({
      name: 'bench_insert',
      text: 'insert into crm.contacts (tenant_id, name, email) values ($1, $2, $3) returning id, version',
      values: [id, 'New', newEmail()],
    }),
  },
  {
    name: 'update (fsync on)',
    writes: true,
    scoped: (tenant) =>
      sql(
        'bench_update',
      )`update crm.contacts set phone = ${newPhone()} where id = ${anyContact(tenant)} returning version`,
    plain: (tenant) => ({
      name: 'bench_update',
      text: 'update crm.contacts set phone = $3 where tenant_id = $1 and id = $2 returning version',
      values: [tenant.id, anyContact(tenant), newPhone()],
    }),
  },
];

function anyContact({ contacts }: StageTenant): string {
  return contacts[Math.floor(Math.random() * contacts.length)] as string;
}

function newEmail(): string {
  return `${randomUUID()}@new.example`;
}

function newPhone(): string {
  return `+49 30 ${Math.floor(Math.random() * 1e7)}`;
}
