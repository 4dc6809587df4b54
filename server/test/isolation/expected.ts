/** What every tenant table must answer: rows affected, `ok` where nothing is counted, or an SQLSTATE. */

/**
 * own: no condition at all, under the own seal. other: the other tenant is named. taken: a key that only the other
 * tenant uses. none, forged (its tenant replaced), expired: the seal. The last three: the own tenant in that state.
 */
export const situations = [
  'own',
  'other',
  'taken',
  'none',
  'forged',
  'expired',
  'suspended',
  'fenced',
  'read only',
] as const;
export type Situation = (typeof situations)[number];

/** Command → situation → answer; a situation that is not there is not asked. */
export type Expected = ReadonlyMap<string, ReadonlyMap<Situation, string>>;

/**
 * The role that writes the table. The first tenant owns rows 1 and 2, the other 1, 2 and 3, so 2 is the own rows, 3 the
 * other's, 5 both. `lock` passes here whoever asks, since the right to delete gives it: the statement gate refuses it.
 */
export const writer = parse(`
                      own    other  taken  none   forged  expired  suspended  fenced  read only
  select              2      0      0      42501  42501   42501    BTSUS      2       2
  select for update   2      0      0      42501  42501   42501    BTSUS      2       2
  copy to             2      0      0      42501  42501   42501    BTSUS      2       2
  insert              1      42501  1      42501  42501   42501    BTSUS      BTFNC   BTRDO
  on conflict update  1      42501  1      42501  42501   42501    BTSUS      BTFNC   BTRDO
  on conflict nothing 0      42501  1      42501  42501   42501    BTSUS      BTFNC   BTRDO
  update              2      0      0      42501  42501   42501    BTSUS      BTFNC   BTRDO
  delete              2      0      0      42501  42501   42501    BTSUS      BTFNC   BTRDO
  merge               1      42501  1      42501  42501   42501    BTSUS      BTFNC   BTRDO
  merge delete        1      0      0      42501  42501   42501    BTSUS      BTFNC   BTRDO
  update tenant_id    42501  42501  42501  42501  42501   42501    42501      42501   42501
  copy from           0A000  0A000  0A000  0A000  0A000   0A000    0A000      0A000   0A000
  truncate            42501  42501  42501  42501  42501   42501    42501      42501   42501
  create trigger      42501  42501  42501  42501  42501   42501    42501      42501   42501
  lock                ok     ok     ok     ok     ok      ok       ok         ok      ok
`);

/** A role that may only read the table. */
export const reader = parse(`
                      own    other  taken  none   forged  expired  suspended  fenced  read only
  select              2      0      0      42501  42501   42501    BTSUS      2       2
  copy to             2      0      0      42501  42501   42501    BTSUS      2       2
  select for update   42501  42501  42501  42501  42501   42501    42501      42501   42501
  insert              42501  42501  42501  42501  42501   42501    42501      42501   42501
  on conflict update  42501  42501  42501  42501  42501   42501    42501      42501   42501
  on conflict nothing 42501  42501  42501  42501  42501   42501    42501      42501   42501
  update              42501  42501  42501  42501  42501   42501    42501      42501   42501
  delete              42501  42501  42501  42501  42501   42501    42501      42501   42501
  merge               42501  42501  42501  42501  42501   42501    42501      42501   42501
  merge delete        42501  42501  42501  42501  42501   42501    42501      42501   42501
  update tenant_id    42501  42501  42501  42501  42501   42501    42501      42501   42501
  copy from           42501  42501  42501  42501  42501   42501    42501      42501   42501
  truncate            42501  42501  42501  42501  42501   42501    42501      42501   42501
  create trigger      42501  42501  42501  42501  42501   42501    42501      42501   42501
  lock                42501  42501  42501  42501  42501   42501    42501      42501   42501
`);

/**
 * The owner, as whom migrations run: policies bind it because they are forced. It could truncate and lock and take the
 * policies away, which is why no server logs in as it; that is not asked here.
 */
export const owner = parse(`
                      own    other  none
  select              2      0      42501
  select for update   2      0      42501
  copy to             2      0      42501
  insert              1      42501  42501
  on conflict update  1      42501  42501
  on conflict nothing 0      42501  42501
  update              2      0      42501
  delete              2      0      42501
  merge               1      42501  42501
  merge delete        1      0      42501
  update tenant_id    2      42501  42501
  copy from           0A000  0A000  0A000
`);

/** Any other role of the product: nothing, even under a valid seal. */
export const stranger: Expected = new Map([...writer.keys()].map((command) => [command, new Map([['own', '42501']])]));

function parse(table: string): Expected {
  const [header = '', ...lines] = table.split('\n').filter((line) => line.trim() !== '');
  const columns = header.trim().split(/\s{2,}/);
  return new Map(
    lines.map((line) => {
      const command = line.slice(0, 22).trim();
      const answers = line.slice(22).trim().split(/\s+/);
      if (answers.length !== columns.length) throw new Error(`${command}: ${answers.length} answers`);
      return [command, new Map(columns.map((name, at) => [situationOf(name), answers[at] ?? '']))];
    }),
  );
}

function situationOf(name: string): Situation {
  const found = situations.find((situation) => situation === name);
  if (found === undefined) throw new Error(`no such situation: ${name}`);
  return found;
}
