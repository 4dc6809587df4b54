import { readdirSync, readFileSync } from 'node:fs';
import type { Runner } from './catalog.ts';

/** One thing found by one lint. */
export interface Finding {
  id: string;
  title: string;
  severity: 'error' | 'warning' | 'info';
  object: string;
  detail: string;
  /** SQL that cures it, or the act that does. */
  fix: string;
}

export interface LintOptions {
  /** Login roles that serve requests. */
  roles: readonly string[];
  /** Only those lints that a server refuses to start on. */
  boot?: boolean;
  /** Only these ids. */
  only?: readonly string[];
}

/** One check of the catalog; its file's header is its page of documentation. */
export interface Lint {
  id: string;
  title: string;
  severity: Finding['severity'];
  /** Whether a server refuses to start on a finding. */
  boot: boolean;
  /** The reason for the check, in a sentence or two. */
  why: string;
  /** One select that gives object, detail and fix, with the header in front. */
  query: string;
}

const EXEMPT_THERE = `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'tenancy' and c.relname = 'exempt' and pg_catalog.has_schema_privilege(n.oid, 'usage')) as there`;
const DIRECTORY = new URL('../lints/', import.meta.url);
let loaded: Lint[] | undefined;

/** Reads the lints, ordered by id: `L01.sql` files whose header comments give title, severity, boot and why. */
export function readLints(): Lint[] {
  loaded ??= readdirSync(DIRECTORY)
    .filter((name) => /^L\d\d\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, DIRECTORY), 'utf8');
      // a line that begins with more than one blank continues the one before
      const header = (key: string) =>
        new RegExp(`^-- ${key}: (.*(?:\\n-- {2,}.*)*)`, 'm')
          .exec(text)?.[1]
          ?.replace(/\n-- +/g, ' ')
          .trim() ?? '';
      return {
        id: name.slice(0, 3),
        title: header('title'),
        severity: header('severity') as Finding['severity'],
        boot: header('boot') === 'yes',
        why: header('why'),
        query: text,
      };
    });
  return loaded;
}

/** Runs the lints over the catalog of any PostgreSQL 15 to 18; reads only. Findings are ordered by id and object. */
export async function runLints(db: Runner, options: LintOptions): Promise<Finding[]> {
  const { rows } = await db.query<{ there: boolean }>(EXEMPT_THERE);
  const exempt = rows[0]?.there
    ? (await db.query<{ relation: string }>('select relation from tenancy.exempt')).rows.map(({ relation }) => relation)
    : [];
  const findings: Finding[] = [];
  for (const { id, title, severity, query } of readLints().filter(
    (lint) => (!options.boot || lint.boot) && (options.only?.includes(lint.id) ?? true),
  )) {
    const text = `with input as (select $1::text[] as roles, $2::text[] as exempt)\nselect * from (${query}\n) finding order by object, detail`;
    try {
      const found = await db.query<{ object: string; detail: string; fix: string }>(text, [[...options.roles], exempt]);
      findings.push(...found.rows.map(({ object, detail, fix }) => ({ id, title, severity, object, detail, fix })));
    } catch (error) {
      // a reviewer without the right to look is told so; a server that starts is refused
      if (options.boot || (error as { code?: string }).code !== '42501') throw error;
      const fix = 'run the check as a role that may read it';
      findings.push({
        id,
        title,
        severity: 'info',
        object: 'this role',
        detail: 'may not read what this lint looks at',
        fix,
      });
    }
  }
  return findings;
}
