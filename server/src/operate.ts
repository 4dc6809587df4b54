import { check, onboardingRequest, parseList, type Tenant } from '@businessos/contract';
import { note, readMember } from './identity/credential-store.ts';
import { insertLogin } from './identity/login-store.ts';
import { listMembers } from './identity/member-store.ts';
import { endAllLogins, removeFactor } from './identity/own.ts';
import { findPerson } from './identity/person-store.ts';
import { memberToken, operatorToken } from './identity/tokens.ts';
import { Refusal } from './refusal.ts';
import type { Platform } from './start.ts';
import { onboard } from './tenants/onboarding.ts';

/** What the command line does beyond the services' own methods; refusals name the field and the fix. */

/** Onboards a tenant from untyped input. @throws Refusal REQUEST_INVALID and those of `onboard`. */
export async function createTenant(platform: Platform, key: string, input: unknown): Promise<Tenant> {
  const parsed = check(onboardingRequest, input);
  if (!parsed.ok) throw new Refusal('REQUEST_INVALID', { errors: parsed.errors });
  return await onboard(platform.tenants, platform.steps, key, parsed.value);
}

/** All tenants by slug, page by page. */
export async function listTenants(platform: Platform): Promise<Tenant[]> {
  const all: Tenant[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const query = parseList('tenants', [['limit', '100'], ...(after === '' ? [] : [['after', after] as const])]);
    if (!query.ok) throw new Refusal('REQUEST_INVALID', { errors: query.errors });
    const { items, next } = await platform.tenants.list(query.value);
    all.push(...items);
    after = next;
  }
  return all;
}

/**
 * Mints an access token for a member of a tenant, by e-mail or the first owner, as a sign-in of his own that he sees in
 * his list and can end; `seconds` at most an hour.
 * @throws Error naming what is missing.
 */
export async function mintToken(platform: Platform, slug: string, seconds: number, email?: string): Promise<string> {
  const { identity, people } = platform;
  const tenant = await platform.tenants.find({ slug });
  if (tenant === undefined) throw new Error(`no tenant has the slug '${slug}'; bos tenant list shows them all`);
  return await identity.withTenant(tenant.id, 's:cli', async () => {
    const members = await listMembers(identity);
    const member = email === undefined ? members[0] : members.find((one) => one.email === email.toLowerCase());
    if (member === undefined) {
      const known = members.map((one) => one.email).join(', ') || 'none';
      throw new Error(`${tenant.name} has no member ${email ?? ''}; it has ${known}`);
    }
    return await identity.transaction(async (tx) => {
      const { person_id: personId } = member;
      const person = await findPerson(tx, { id: personId });
      const loginId =
        person &&
        (await insertLogin(tx, {
          person,
          kind: 'token',
          hash: null,
          device: 'bos token',
          address: '127.0.0.1',
          factor: false,
          pending: false,
          seconds,
        }));
      await note(tx, 'signin', 'cli', { login: loginId, person: personId });
      const { role, rev, gen } = await readMember(tx, personId);
      if (loginId === undefined || role === null)
        throw new Error(`${member.email} has just left or changed the password; try again`);
      return memberToken(people.keys, { personId, tenantId: tenant.id, loginId, role, rev, gen }, seconds);
    });
  });
}

/**
 * Takes the second factor of a person who lost it and the recovery codes, once the operator knows who asks; all sign-ins
 * end. @throws Error for an address that nobody has.
 */
export async function loseFactor({ people }: Platform, email: string): Promise<void> {
  const person = await findPerson(people.unsealed, { email: email.toLowerCase() });
  if (person === undefined) throw new Error(`nobody signs in as ${email}`);
  await removeFactor(people, person.id);
  await endAllLogins(people, person.id);
}

/** Mints a token of an operator; `seconds` at most an hour. */
export function mintOperatorToken({ people }: Platform, seconds: number): string {
  return operatorToken(people.keys, seconds);
}
