import { z } from 'zod';
import { slugLength, slugPattern } from './slug.ts';
import { email, line, matching, timestamp, uuid } from './text.ts';

export const plans = ['free', 'pro', 'enterprise'] as const;
export const modes = ['provisioning', 'open', 'suspended', 'read_only', 'deleting', 'erasing'] as const;
export const providerKinds = ['openai', 'anthropic', 'mistral', 'openai-compatible'] as const;

/** The name of a region; whether it exists, the directory knows. */
export const region = matching(
  /^[a-z][a-z0-9-]{0,31}$/,
  'is not the name of a region',
  'write lower-case letters, digits and hyphens, like eu',
);

const providerName = matching(
  /^[a-z][a-z0-9_-]{0,39}$/,
  'is not a name for a provider',
  'write up to 40 lower-case letters, digits, _ and -, a letter first',
);

/** A model provider that a tenant uses; its key is kept elsewhere, encrypted. */
export const provider = z.strictObject({
  name: providerName,
  kind: z.enum(providerKinds),
  model: line(100).optional(),
});

const locale = z
  .string()
  .max(35, { abort: true })
  .refine(isLocale, { error: 'is not a language tag', params: { fix: 'write a BCP 47 tag, like en or de-AT' } });

const timeZone = z
  .string()
  .max(64, { abort: true })
  .refine(isTimeZone, { error: 'is not a time zone', params: { fix: 'write an IANA name, like Europe/Berlin' } });

/** Settings of a tenant; what is left out takes its default, so a parsed config is always whole. */
export const tenantConfig = z.strictObject({
  providers: z
    .array(provider)
    .max(8)
    .refine((list) => new Set(list.map((one) => one.name)).size === list.length, {
      error: 'names a provider twice',
      params: { fix: 'give each provider its own name' },
    })
    .default([]),
  locale: locale.default('en'),
  time_zone: timeZone.default('UTC'),
  /** True: nobody gets in without a second factor. */
  factor_required: z.boolean().default(false),
});

/** A tenant as its own people and operators see it. */
export const tenant = z.strictObject({
  id: uuid,
  slug: z.string(),
  name: z.string(),
  region: z.string(),
  plan: z.enum(plans),
  mode: z.enum(modes),
  config: tenantConfig,
  created_at: timestamp,
});

/**
 * What onboarding takes. `slug` is only bounded here, because a slug that is well-formed JSON and no possible name
 * is refused by `parseSlug` with its own code (SLUG_REFUSED).
 */
export const onboardingRequest = z.strictObject({
  slug: z.string().max(200).meta({ pattern: slugPattern.source, minLength: slugLength.min, maxLength: slugLength.max }),
  name: line(100),
  region,
  plan: z.enum(plans),
  config: tenantConfig.prefault({}),
  owner: z.strictObject({ email: email.toLowerCase(), name: line(100) }),
});

export type Plan = (typeof plans)[number];
export type Mode = (typeof modes)[number];
export type Provider = z.output<typeof provider>;
export type TenantConfig = z.output<typeof tenantConfig>;
export type Tenant = z.output<typeof tenant>;
export type OnboardingRequest = z.output<typeof onboardingRequest>;

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text)[0] === text;
  } catch {
    return false;
  }
}

function isTimeZone(text: string): boolean {
  // Offsets like +02:00 are accepted by Intl, yet they know no summer time.
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
