import type { KeyObject } from 'node:crypto';
import type { OnboardingRequest, Tenant } from '@businessos/contract';
import type { Tenancy, Unscoped } from '@businessos/tenancy';
import type { TenantService } from '../tenants/service.ts';
import type { Feed } from './feed.ts';
import type { Outbox } from './outbox.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What the acts of identity work with. */
export interface IdentityContext {
  /** bos_identity under a tenant's seal. */
  identity: Tenancy;
  /** bos_identity without one: the tables of persons, logins and links; a tenant's table answers 42501. */
  unsealed: Unscoped;
  tenants: TenantService;
  feed: Feed;
  keys: SigningKeys;
  outbox: Outbox;
  rootKey: KeyObject;
  /** Signs the cookie by which a browser is known that signed in before. */
  deviceKey: KeyObject;
  /** The origin of a host: `id`, or a tenant's slug. */
  origin(label: string): string;
  /** The onboarding of the tenants' service; `before` runs when the slug is reserved and nothing else is there yet. */
  onboard(key: string, request: OnboardingRequest, before: () => Promise<void>): Promise<Tenant>;
  regions(): Promise<string[]>;
}
