/** What a slug is: 3 to 40 lower-case letters, digits and single inner hyphens, a letter first; so never `xn--`. */
export const slugPattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
export const slugLength = { min: 3, max: 40 } as const;

/** Names that no tenant may have: hosts of the product, of mail and of discovery, and words that would mislead. */
export const reservedSlugs: ReadonlySet<string> = new Set(
  (
    'id api app www operator admin static assets cdn mail smtp imap mx ns ns1 ns2 status docs help support blog auth ' +
    'login signin signup account accounts billing dashboard console internal localhost test staging dev demo root ' +
    'system security abuse postmaster hostmaster webmaster noreply autodiscover autoconfig wpad isatap ftp ssh vpn ' +
    'git beta public private tenant tenants bos businessos'
  ).split(' '),
);

export type SlugRefusal = 'reserved' | 'too_short' | 'too_long' | 'characters';

/** A well-formed slug, or why the text is none and what to write instead. */
export type ParsedSlug = { ok: true; slug: string } | { ok: false; reason: SlugRefusal; problem: string; fix: string };

/** Decides whether a text may name a tenant. Nothing is corrected: capitals and spaces are refused, not folded. */
export function parseSlug(text: string): ParsedSlug {
  const { min, max } = slugLength;
  if (reservedSlugs.has(text)) return refuse('reserved', 'is reserved', 'choose another name');
  if (text.length < min) return refuse('too_short', 'is too short', `write ${min} to ${max} characters`);
  if (text.length > max) return refuse('too_long', 'is too long', `write ${min} to ${max} characters`);
  if (!slugPattern.test(text)) {
    return refuse(
      'characters',
      'is not made of lower-case letters, digits and single hyphens between them',
      'begin with a letter, use only a-z, 0-9 and single hyphens, and end with a letter or digit',
    );
  }
  return { ok: true, slug: text };
}

function refuse(reason: SlugRefusal, problem: string, fix: string): ParsedSlug {
  return { ok: false, reason, problem, fix };
}
