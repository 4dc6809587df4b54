/** The login roles that serve requests. */
export const servingRoles = ['bos_app', 'bos_identity', 'bos_control'] as const;
export type ServingRole = (typeof servingRoles)[number];

/** How a tenant table's rows are made, and who may do what with them; the ids are the same for every tenant. */
export interface Sample {
  /**
   * Columns of the first row (there from the start) or the second (to be inserted); texts hold the marker. A partition
   * has none: its rows come by its parent.
   */
  row?: (marker: string, which: 1 | 2) => Record<string, unknown>;
  /** The key behind tenant_id. */
  key: string[];
  partitioned?: true;
  /** The role that writes it, a column that it may update, and what its policies ask before a write. */
  writer?: { role: 'bos_app' | 'bos_identity'; update: string; guard?: 'recording' };
  /** Who else may read it: the whole, or these columns. Whoever is named nowhere is refused every command. */
  readers?: Partial<Record<ServingRole, '*' | string>>;
}

const company = (which: number) => `00000000-0000-4000-8000-0000000000c${which}`;
const contact = (which: number) => `00000000-0000-4000-8000-0000000000d${which}`;
const person = (which: number) => `00000000-0000-4000-8000-0000000000b${which}`;
const other = (which: number) => `00000000-0000-4000-8000-0000000000e${which}`;
const hash = (which: number) => Buffer.alloc(32, which);
const ENDS = '2099-01-01T00:00:00Z';

/**
 * In the order that foreign keys ask for. A tenant table that is missing here fails the matrix. `_month` stands for
 * every month of a partitioned table.
 */
export const samples: Record<string, Sample> = {
  'crm.companies': {
    row: (marker, which) => ({ id: company(which), name: marker }),
    key: ['id'],
    writer: { role: 'bos_app', update: 'name' },
  },
  'crm.contacts': {
    row: (marker, which) => ({
      id: contact(which),
      company_id: company(1),
      name: marker,
      email: `same${which}@in.example`,
    }),
    key: ['id'],
    writer: { role: 'bos_app', update: 'name' },
  },
  'server.idempotency': {
    row: (marker, which) => ({ principal: 's:matrix', key: `k${which}`, request_hash: 'h', body: marker }),
    key: ['principal', 'key'],
    writer: { role: 'bos_app', update: 'body' },
  },
  'identity.memberships': {
    row: (marker, which) => ({ person_id: person(which), role: 'owner', name: marker, email: 'same@in.example' }),
    key: ['person_id'],
    writer: { role: 'bos_identity', update: 'name' },
    readers: { bos_app: '*' },
  },
  'identity.sessions': {
    row: (_marker, which) => ({ hash: hash(which), login_id: other(1), person_id: person(1), expires_at: ENDS }),
    key: ['hash'],
    writer: { role: 'bos_identity', update: 'expires_at', guard: 'recording' },
  },
  'identity.invitations': {
    row: (marker, which) => ({
      id: other(which),
      hash: hash(which),
      email: 'same@in.example',
      role: 'member',
      invited_by: marker,
      expires_at: ENDS,
    }),
    key: ['id'],
    writer: { role: 'bos_identity', update: 'accepted_at' },
    readers: { bos_app: 'tenant_id, id, email, role, invited_by, created_at, expires_at, accepted_at' },
  },
  'identity.api_keys': {
    row: (marker, which) => ({
      id: other(which),
      hash: hash(which),
      name: marker,
      permissions: ['crm.read'],
      created_by: person(1),
    }),
    key: ['id'],
    writer: { role: 'bos_identity', update: 'last_used_at' },
  },
  'audit.entries': {
    row: (marker, which) => ({
      id: which,
      at: new Date(),
      xid: 1,
      principal: 's:matrix',
      request_id: 'r1',
      kind: 'event',
      relation: 'signin',
      key: 'x',
      op: 'E',
      cols: '',
      body: marker,
    }),
    key: ['at', 'id'],
    partitioned: true,
    readers: { bos_app: '*' },
  },
  'audit.entries_default': { key: ['at', 'id'] },
  'audit.entries_month': { key: ['at', 'id'] },
};

/** The sample of a relation of the catalog, a month being that of all months. */
export function nameOf(relation: string): string {
  return relation.replace(/_\d{4}_\d{2}$/, '_month');
}

/** Rows of global tables that the samples refer to. */
export const globals = [1, 2].map(
  (which) => `insert into identity.persons (id, email, name) values ('${person(which)}', 'p${which}@in.example', 'P')`,
);

const kept = ['select', 'insert', 'delete'];

/** What serving roles may do with tables that hold no tenant's rows; everything else is refused. */
export const exemptRights: Record<string, Partial<Record<ServingRole, string[]>>> = {
  'tenancy.exempt': { bos_app: ['select'], bos_identity: ['select'], bos_control: ['select'] },
  'tenancy.attestation': { bos_app: ['select'], bos_identity: ['select'], bos_control: ['select'] },
  'tenancy.cluster': { bos_control: ['select'] },
  'tenancy.homes': { bos_control: ['select', 'insert'] },
  'directory.clusters': { bos_control: ['select', 'insert'] },
  'directory.placements': { bos_control: ['select', 'insert'] },
  'control.tenants': { bos_control: ['select', 'insert'] },
  'control.onboardings': { bos_control: ['select', 'insert'] },
  'identity.feed_head': { bos_identity: ['select'], bos_control: ['select'] },
  'identity.feed': { bos_identity: ['select', 'delete'] },
  'identity.persons': { bos_identity: ['select', 'insert'] },
  'identity.person_tenants': { bos_identity: kept },
  'identity.recovery_codes': { bos_identity: kept },
  'identity.logins': { bos_identity: kept },
  'identity.refresh_tokens': { bos_identity: kept },
  'identity.codes': { bos_identity: kept },
  'identity.mail_tokens': { bos_identity: kept },
  'identity.outbox': { bos_identity: kept },
  'identity.throttles': { bos_identity: kept },
  'identity.signing_keys': { bos_identity: kept },
};
