import { z } from 'zod';
import { domain, email, instant, line, timestamp, uuid, version } from './text.ts';

export const contactStatuses = ['lead', 'active', 'customer', 'former'] as const;

const stored = { version, created_at: timestamp, updated_at: timestamp };

const companyFields = { name: line(200), domain: domain.nullable() };

const contactFields = {
  company_id: uuid.nullable(),
  name: line(200),
  email: email.nullable(),
  phone: line(40).nullable(),
  status: z.enum(contactStatuses),
  owner: uuid.nullable(),
  touched_at: instant,
};

/** A company as answers give it. */
export const company = z.strictObject({ id: uuid, name: z.string(), domain: z.string().nullable(), ...stored });

/** A contact as answers give it; `owner` is a person, `touched_at` the last time somebody dealt with the contact. */
export const contact = z.strictObject({
  id: uuid,
  company_id: uuid.nullable(),
  name: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  status: z.enum(contactStatuses),
  owner: uuid.nullable(),
  touched_at: timestamp,
  ...stored,
});

/** What makes a company: its name; unknown and protected fields are refused. */
export const companyCreate = z.strictObject({ name: companyFields.name, domain: companyFields.domain.optional() });

/** What makes a contact: its name; left out, `status` is `lead` and `touched_at` the time of the write. */
export const contactCreate = z.strictObject({
  company_id: contactFields.company_id.optional(),
  name: contactFields.name,
  email: contactFields.email.optional(),
  phone: contactFields.phone.optional(),
  status: contactFields.status.default('lead'),
  owner: contactFields.owner.optional(),
  touched_at: contactFields.touched_at.optional(),
});

/** A change of a company: only the fields that are sent, at least one. */
export const companyPatch = patchOf(companyFields);

/** A change of a contact: only the fields that are sent, at least one. No default of creation applies. */
export const contactPatch = patchOf(contactFields);

export type ContactStatus = (typeof contactStatuses)[number];
export type Company = z.output<typeof company>;
export type Contact = z.output<typeof contact>;
export type CompanyCreate = z.output<typeof companyCreate>;
export type ContactCreate = z.output<typeof contactCreate>;
export type CompanyPatch = z.output<typeof companyPatch>;
export type ContactPatch = z.output<typeof contactPatch>;

function patchOf<S extends z.core.$ZodLooseShape>(fields: S) {
  return z
    .strictObject(fields)
    .partial()
    .refine((patch) => Object.keys(patch).length > 0, {
      error: 'changes nothing',
      params: { fix: `send at least one of: ${Object.keys(fields).join(', ')}` },
      when: ({ issues }) => issues.length === 0,
    })
    .meta({ minProperties: 1 });
}
