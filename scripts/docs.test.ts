import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Code, permissions, problems, problemType, roles } from '@businessos/contract';
import { readLints } from '@businessos/tenancy/admin';

const DOCS = join(import.meta.dirname, '../docs');
const NOTE = '<!-- Made from the code; after a change: BOS_UPDATE=1 npm test -- scripts/docs.test.ts -->';

/** Pages that are made from data, so that they cannot differ from it. */
const pages: Record<string, () => string> = {
  'lints.md': () => `# The lints of \`bos check\`

${NOTE}

A server refuses to start on those marked *boot*. \`bos check --explain L07\` prints one, \`--fix\` the SQL that cures.

| id | severity | what | why |
|---|---|---|---|
${readLints()
  .map(
    ({ id, severity, boot, title, why }) =>
      `| ${id} | ${severity}${boot ? ' *boot*' : ''} | ${title} | ${why.replaceAll('|', '\\|')} |`,
  )
  .join('\n')}
`,
  'errors.md': () => `# Errors of the API

${NOTE}

Every error is a problem document (RFC 9457). Programs decide by \`code\`, which never changes its meaning.

| code | status | what | what you do | what the operator does |
|---|---|---|---|---|
${(Object.entries(problems) as [Code, (typeof problems)[Code]][])
  .map(
    ([code, { status, title, user, operator }]) =>
      `| \`${code}\` \`${problemType(code)}\` | ${status} | ${title} | ${user} | ${operator} |`,
  )
  .join('\n')}
`,
  'permissions.md': () => `# Permissions

${NOTE}

| permission | ${roles.join(' | ')} |
|---|${roles.map(() => '---|').join('')}
${Object.entries(permissions)
  .map(
    ([name, holders]) =>
      `| ${name} | ${roles.map((role) => ((holders as readonly string[]).includes(role) ? 'x' : '')).join(' | ')} |`,
  )
  .join('\n')}
`,
};

for (const [name, make] of Object.entries(pages)) {
  test(`docs/${name} says what the code says`, () => {
    const path = join(DOCS, name);
    if (process.env['BOS_UPDATE'] === '1') writeFileSync(path, make());
    assert.equal(readFileSync(path, 'utf8'), make());
  });
}
