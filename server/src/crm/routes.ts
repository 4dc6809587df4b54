import type { Querier } from '@businessos/tenancy';
import { TenancyError } from '@businessos/tenancy';
import type { Handlers } from '../gateway/handler.ts';
import { Refusal } from '../refusal.ts';
import * as companies from './companies-store.ts';
import * as contacts from './contacts-store.ts';

/** The CRM's part of the contract. Each handler runs in the tenant's scope; writes in one transaction. */
export const crmRoutes = {
  'GET /v1/contacts': async ({ db, scope, list }) => ({ body: await contacts.listContacts(db, scope.tenantId, list) }),
  'POST /v1/contacts': async ({ db, body }) => {
    await checkCompany(db, body.company_id);
    const contact = await uniqueEmail(() => contacts.insertContact(db, body));
    return { body: contact, version: contact.version };
  },
  'GET /v1/contacts/{id}': async ({ db, params }) => {
    const contact = found(await contacts.findContact(db, params.id));
    return { body: contact, version: contact.version };
  },
  'PATCH /v1/contacts/{id}': async ({ db, params, body, version }) => {
    await checkCompany(db, body.company_id);
    const contact = await uniqueEmail(() => contacts.updateContact(db, params.id, version, body));
    if (contact === undefined) throw staleOrMissing(await contacts.findContact(db, params.id));
    return { body: contact, version: contact.version };
  },
  'DELETE /v1/contacts/{id}': async ({ db, params, version }) => {
    if (!(await contacts.trashContact(db, params.id, version)))
      throw staleOrMissing(await contacts.findContact(db, params.id));
    return { body: null };
  },
  'GET /v1/companies': async ({ db, scope, list }) => ({
    body: await companies.listCompanies(db, scope.tenantId, list),
  }),
  'POST /v1/companies': async ({ db, body }) => {
    const company = await companies.insertCompany(db, body);
    return { body: company, version: company.version };
  },
  'GET /v1/companies/{id}': async ({ db, params }) => {
    const company = found(await companies.findCompany(db, params.id));
    return { body: company, version: company.version };
  },
  'PATCH /v1/companies/{id}': async ({ db, params, body, version }) => {
    const company = await companies.updateCompany(db, params.id, version, body);
    if (company === undefined) throw staleOrMissing(await companies.findCompany(db, params.id));
    return { body: company, version: company.version };
  },
  'DELETE /v1/companies/{id}': async ({ db, params, version }) => {
    if (!(await companies.trashCompany(db, params.id, version)))
      throw staleOrMissing(await companies.findCompany(db, params.id));
    return { body: null };
  },
} satisfies Partial<Handlers>;

function found<T>(record: T | undefined): T {
  if (record === undefined) throw new Refusal('NOT_FOUND');
  return record;
}

function staleOrMissing(current: unknown): Refusal {
  return current === undefined ? new Refusal('NOT_FOUND') : new Refusal('VERSION_STALE', { current });
}

async function checkCompany(db: Querier, id: string | null | undefined): Promise<void> {
  if (id === undefined || id === null || (await companies.holdCompany(db, id))) return;
  throw new Refusal('VALUE_REFUSED', {
    errors: [
      { field: 'company_id', problem: 'names no company', fix: 'use the id of a company of this tenant, or null' },
    ],
  });
}

async function uniqueEmail<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof TenancyError) || error.code !== 'CONFLICT') throw error;
    throw new Refusal('CONFLICT', {
      cause: error,
      errors: [
        { field: 'email', problem: 'belongs to another contact', fix: 'use another address, or change that contact' },
      ],
    });
  }
}
