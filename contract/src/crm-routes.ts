import { z } from 'zod';
import { company, companyCreate, companyPatch, contact, contactCreate, contactPatch } from './crm.ts';
import { listParams } from './list.ts';
import { body, type RouteTable, readTenant, values, versioned, write } from './route.ts';
import { page, uuid } from './text.ts';

const byId = z.strictObject({ id: uuid });

/** One page of a list: `next` is the cursor of the page after, or null. */
export const contactPage = page(contact);
export const companyPage = page(company);

/** The CRM's addresses. */
export const crmRoutes = {
  'GET /v1/contacts': {
    summary: 'List contacts',
    host: 'tenant',
    permission: 'crm.read',
    query: listParams('contacts'),
    list: 'contacts',
    ok: { status: 200, schema: contactPage },
    problems: [...readTenant, 'CURSOR_INVALID'],
  },
  'POST /v1/contacts': {
    summary: 'Create a contact',
    host: 'tenant',
    permission: 'crm.write',
    body: contactCreate,
    key: 'optional',
    ok: { status: 201, schema: contact, etag: true },
    problems: [...write, ...body, ...values],
  },
  'GET /v1/contacts/{id}': {
    summary: 'Read a contact',
    host: 'tenant',
    permission: 'crm.read',
    params: byId,
    ok: { status: 200, schema: contact, etag: true },
    problems: readTenant,
  },
  'PATCH /v1/contacts/{id}': {
    summary: 'Change a contact',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    body: contactPatch,
    key: 'optional',
    version: true,
    ok: { status: 200, schema: contact, etag: true },
    problems: [...write, ...body, ...versioned, ...values],
  },
  'DELETE /v1/contacts/{id}': {
    summary: 'Delete a contact',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    key: 'optional',
    version: true,
    ok: { status: 204, schema: null },
    problems: [...write, ...versioned],
  },
  'GET /v1/companies': {
    summary: 'List companies',
    host: 'tenant',
    permission: 'crm.read',
    query: listParams('companies'),
    list: 'companies',
    ok: { status: 200, schema: companyPage },
    problems: [...readTenant, 'CURSOR_INVALID'],
  },
  'POST /v1/companies': {
    summary: 'Create a company',
    host: 'tenant',
    permission: 'crm.write',
    body: companyCreate,
    key: 'optional',
    ok: { status: 201, schema: company, etag: true },
    problems: [...write, ...body, ...values],
  },
  'GET /v1/companies/{id}': {
    summary: 'Read a company',
    host: 'tenant',
    permission: 'crm.read',
    params: byId,
    ok: { status: 200, schema: company, etag: true },
    problems: readTenant,
  },
  'PATCH /v1/companies/{id}': {
    summary: 'Change a company',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    body: companyPatch,
    key: 'optional',
    version: true,
    ok: { status: 200, schema: company, etag: true },
    problems: [...write, ...body, ...versioned, ...values],
  },
  'DELETE /v1/companies/{id}': {
    summary: 'Delete a company; its contacts stay and lose the reference',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    key: 'optional',
    version: true,
    ok: { status: 204, schema: null },
    problems: [...write, ...versioned],
  },
} as const satisfies RouteTable;
