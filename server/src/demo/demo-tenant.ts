import type { TenantConfig } from '@businessos/contract';

/** Somebody who signs in to a demo tenant. */
export interface DemoPerson {
  id: string;
  name: string;
  email: string;
  role: 'owner' | 'member';
}

/** A company in a demo tenant; `id` is unique within the tenant only. */
export interface DemoCompany {
  id: string;
  name: string;
  /** Ends in `.example`; null for a company without a site. */
  domain: string | null;
  createdAt: Date;
}

/**
 * A contact in a demo tenant; `id` and `email` (whatever its case) are unique within the tenant only.
 * Created before it was touched; at least one of e-mail and telephone is known.
 */
export interface DemoContact {
  id: string;
  /** Id of one of the same tenant's companies; null for a private person. */
  companyId: string | null;
  name: string;
  email: string | null;
  /** In international form, from a range that is reserved for fiction. */
  phone: string | null;
  status: 'lead' | 'active' | 'customer' | 'former';
  /** Id of one of the tenant's people. */
  owner: string | null;
  touchedAt: Date;
  createdAt: Date;
}

/** A whole tenant of the demo, ready to be stored. */
export interface DemoTenant {
  id: string;
  slug: string;
  name: string;
  region: 'eu';
  plan: 'free' | 'pro' | 'enterprise';
  config: TenantConfig;
  people: DemoPerson[];
  companies: DemoCompany[];
  contacts: DemoContact[];
}
