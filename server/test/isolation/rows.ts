/** How a tenant table's rows are made and written; the ids are the same for every tenant. */
export interface Sample {
  /** Columns of the first row (there from the start) or the second (to be inserted); texts hold the marker. */
  row: (marker: string, which: 1 | 2) => Record<string, unknown>;
  /** The role that writes it, a column that it may update, and the table's key behind tenant_id. */
  writer: 'bos_app' | 'bos_identity';
  update: string;
  key: string[];
}

const company = (which: number) => `00000000-0000-4000-8000-0000000000c${which}`;
const contact = (which: number) => `00000000-0000-4000-8000-0000000000d${which}`;
const person = (which: number) => `00000000-0000-4000-8000-0000000000b${which}`;

/** In the order that foreign keys ask for. A tenant table that is missing here fails the matrix. */
export const samples: Record<string, Sample> = {
  'crm.companies': {
    row: (marker, which) => ({ id: company(which), name: marker }),
    writer: 'bos_app',
    update: 'name',
    key: ['id'],
  },
  'crm.contacts': {
    row: (marker, which) => ({
      id: contact(which),
      company_id: company(1),
      name: marker,
      email: `same${which}@in.example`,
    }),
    writer: 'bos_app',
    update: 'name',
    key: ['id'],
  },
  'server.idempotency': {
    row: (marker, which) => ({ principal: 's:matrix', key: `k${which}`, request_hash: 'h', body: marker }),
    writer: 'bos_app',
    update: 'body',
    key: ['principal', 'key'],
  },
  'identity.memberships': {
    row: (marker, which) => ({ person_id: person(which), role: 'owner', name: marker, email: 'same@in.example' }),
    writer: 'bos_identity',
    update: 'name',
    key: ['person_id'],
  },
};

/** Rows of global tables that the samples refer to. */
export const globals = [1, 2].map(
  (which) => `insert into identity.persons (id, email, name) values ('${person(which)}', 'p${which}@in.example', 'P')`,
);

/** What serving roles may do with tables that hold no tenant's rows; everything else is refused. */
export const exemptRights: Record<string, Partial<Record<'bos_app' | 'bos_identity', string[]>>> = {
  'tenancy.exempt': { bos_app: ['select'], bos_identity: ['select'] },
  'tenancy.attestation': { bos_app: ['select'], bos_identity: ['select'] },
  'identity.persons': { bos_identity: ['select', 'insert'] },
  'identity.person_tenants': { bos_identity: ['select', 'insert', 'delete'] },
};
