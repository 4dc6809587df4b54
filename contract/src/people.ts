import { z } from 'zod';
import { allPermissions, roles } from './permissions.ts';
import { slugLength, slugPattern } from './slug.ts';
import { plans, region } from './tenant.ts';
import { email, instant, line, matching, timestamp, uuid } from './text.ts';

const role = z.enum(roles);
const permission = z.enum(allPermissions);
const address = email.toLowerCase();
/** A password as it is typed; whether it may be chosen, `PASSWORD_REFUSED` says. */
const password = z.string().min(1).max(1024);
const link = z.string().min(1).max(200);
const otp = z.string().trim().min(6).max(40);

/** A business as a link and a switcher name it. */
const namedTenant = z.strictObject({ id: uuid, slug: z.string() });

export const signupRequest = z.strictObject({
  email: address,
  name: line(100),
  slug: z.string().max(200).meta({ pattern: slugPattern.source, minLength: slugLength.min, maxLength: slugLength.max }),
  region,
  plan: z.enum(plans),
});

/** The mailed link's token; the name is the person's, needed of a new person only. */
export const signupConfirm = z.strictObject({ token: link, password, person_name: line(100).optional() });
export const mailed = z.strictObject({ status: z.literal('mailed') });
export const joined = z.strictObject({ tenant: namedTenant, url: z.string() });

/** `tenant` is its slug; `otp` is needed of whoever has a second factor. */
export const tokenRequest = z.discriminatedUnion('grant', [
  z.strictObject({
    grant: z.literal('password'),
    email: address,
    password,
    otp: otp.optional(),
    tenant: z.string().max(40),
  }),
  z.strictObject({ grant: z.literal('refresh'), refresh_token: z.string().max(200) }),
]);
export const tokenAnswer = z.strictObject({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  refresh_token: z.string(),
});

export const resetRequest = z.strictObject({ email: address });
export const resetConfirm = z.strictObject({ token: link, password });
export const linkConfirm = z.strictObject({ token: link });
export const invitationAccept = z.strictObject({ token: link, password, person_name: line(100).optional() });

export const mailKinds = ['signup', 'reset', 'invitation', 'email', 'email_changed'] as const;
/** Mails of an installation without SMTP, newest first. */
export const outboxPage = z.strictObject({
  items: z.array(
    z.strictObject({
      id: uuid,
      email: z.string(),
      kind: z.enum(mailKinds),
      body: z.strictObject({ token: z.string(), url: z.string() }),
      created_at: timestamp,
    }),
  ),
});

/** A key set (RFC 7517) of Ed25519 keys (RFC 8037). */
export const jwks = z.strictObject({
  keys: z.array(
    z.strictObject({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      x: z.string(),
      kid: z.string(),
      alg: z.literal('EdDSA'),
      use: z.literal('sig'),
    }),
  ),
});

export const loginRequest = z.strictObject({ email: address, password, otp: otp.optional() });
export const login = z.strictObject({
  id: uuid,
  kind: z.enum(['browser', 'token']),
  device: z.string(),
  address: z.string(),
  created_at: timestamp,
  seen_at: timestamp,
  current: z.boolean(),
});
export const loginPage = z.strictObject({ items: z.array(login) });
export const emailChange = z.strictObject({ email: address });
export const passwordChange = z.strictObject({ current: password, password });
export const factorStart = z.strictObject({ secret: z.string(), uri: z.string() });
export const factorConfirm = z.strictObject({ otp });
export const recoveryCodes = z.strictObject({ recovery_codes: z.array(z.string()) });

/** Who acts in which tenant; `role` is null for an API key. */
export const me = z.strictObject({
  principal: z.string(),
  tenant: z.strictObject({ id: uuid, slug: z.string(), name: z.string() }),
  role: role.nullable(),
  permissions: z.array(permission),
});

export const member = z.strictObject({
  id: uuid,
  email: z.string(),
  name: z.string(),
  role,
  joined_at: timestamp,
});
export const memberPage = z.strictObject({ items: z.array(member) });
export const memberPatch = z.strictObject({ role });
export const ownershipTransfer = z.strictObject({ person: uuid });

export const invitationCreate = z.strictObject({ email: address, role });
export const created = z.strictObject({ id: uuid });
export const invitation = z.strictObject({
  id: uuid,
  email: z.string(),
  role,
  invited_by: z.string(),
  created_at: timestamp,
  expires_at: timestamp,
  accepted_at: timestamp.nullable(),
});
export const invitationPage = z.strictObject({ items: z.array(invitation) });

const cidr = matching(
  /^[0-9A-Fa-f:.]{2,45}(?:\/[0-9]{1,3})?$/,
  'is not an address or a network',
  'write it like 203.0.113.7 or 2001:db8::/32',
);
/** A key may have only permissions that its maker holds; without `expires_at` it ends with its maker's membership. */
export const apiKeyCreate = z.strictObject({
  name: line(100),
  permissions: z
    .array(permission)
    .min(1)
    .max(allPermissions.length)
    .refine((list) => new Set(list).size === list.length, {
      error: 'names a permission twice',
      params: { fix: 'name each once' },
    }),
  expires_at: instant.optional(),
  addresses: z.array(cidr).max(50).optional(),
});
export const apiKeyCreated = z.strictObject({ id: uuid, key: z.string() });
export const apiKey = z.strictObject({
  id: uuid,
  name: z.string(),
  permissions: z.array(permission),
  addresses: z.array(z.string()),
  created_by: uuid,
  created_at: timestamp,
  last_used_at: timestamp.nullable(),
  expires_at: timestamp.nullable(),
});
export const apiKeyPage = z.strictObject({ items: z.array(apiKey) });

export type SignupRequest = z.output<typeof signupRequest>;
export type TokenRequest = z.output<typeof tokenRequest>;
export type MailKind = (typeof mailKinds)[number];
