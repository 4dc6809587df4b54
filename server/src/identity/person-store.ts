import { sql, type Unscoped } from '@businessos/tenancy';

type Db = Pick<Unscoped, 'query'>;

export interface PersonRow {
  id: string;
  email: string;
  name: string;
  /** argon2id in PHC form; null of a person who has not chosen one yet. */
  password: string | null;
  /** Under the installation's key; not in force while `totp_step` is null. */
  totp_secret: Buffer | null;
  totp_step: string | null;
  /** Since when the second factor is in force. */
  totp_at: Date | null;
  locale: string;
}

const COLUMNS = sql`id, email, name, password, totp_secret, totp_step, totp_at, locale`;

export async function findPerson(db: Db, by: { email: string } | { id: string }): Promise<PersonRow | undefined> {
  const statement =
    'email' in by
      ? sql('person_by_email')`select ${COLUMNS} from identity.persons where email = ${by.email}`
      : sql('person_by_id')`select ${COLUMNS} from identity.persons where id = ${by.id}`;
  return (await db.query<PersonRow>(statement)).rows[0];
}

/** Makes a person, or sets the password of one who has none; false when the person has one already. */
export async function ensurePerson(
  db: Db,
  person: { id: string; email: string; name: string; password: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`insert into identity.persons as p (id, email, name, password)
        values (${person.id}, ${person.email}, ${person.name}, ${person.password})
        on conflict (email) do update set password = excluded.password, name = excluded.name where p.password is null`,
  );
  return rowCount === 1;
}

/** With another password a second factor that was only begun is gone: whoever began it may know its secret. */
const DROP_BEGUN = sql`totp_secret = case when totp_step is not null then totp_secret end`;

export async function setPassword(db: Db, personId: string, password: string): Promise<void> {
  await db.query(sql`update identity.persons set password = ${password}, ${DROP_BEGUN} where id = ${personId}`);
}

/** Sets another password in the place of the one that was checked; false when that one is gone. */
export async function replacePassword(
  db: Db,
  { id, password }: Pick<PersonRow, 'id' | 'password'>,
  next: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update identity.persons set password = ${next}, ${DROP_BEGUN} where id = ${id} and password = ${password}`,
  );
  return rowCount === 1;
}

/** Begins a second factor; false when one is begun already, or in force. */
export async function startFactor(db: Db, personId: string, secret: Buffer): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update identity.persons set totp_secret = ${secret} where id = ${personId} and totp_step is null and totp_secret is null`,
  );
  return rowCount === 1;
}

/** Puts the second factor in force by its first step; false when it is already, or its secret is another by now. */
export async function enactFactor(
  db: Db,
  { id, totp_secret: secret }: Pick<PersonRow, 'id' | 'totp_secret'>,
  step: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update identity.persons set totp_step = ${step}, totp_at = now()
        where id = ${id} and totp_step is null and totp_secret = ${secret}`,
  );
  return rowCount === 1;
}

/** Takes a step once: later ones only. */
export async function takeStep(db: Db, personId: string, step: number): Promise<boolean> {
  const { rowCount } = await db.query(
    sql('factor_step')`update identity.persons set totp_step = ${step} where id = ${personId} and totp_step < ${step}`,
  );
  return rowCount === 1;
}

/** Replaces all recovery codes of a person. */
export async function setRecoveryCodes(db: Db, personId: string, hashes: readonly Buffer[]): Promise<void> {
  await db.query(sql`delete from identity.recovery_codes where person_id = ${personId}`);
  await db.query(
    sql`insert into identity.recovery_codes (person_id, hash) select ${personId}::uuid, h from unnest(${hashes}::bytea[]) h`,
  );
}

/** Uses a recovery code up; false when there is none like it. */
export async function takeRecoveryCode(db: Db, personId: string, hash: Buffer): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`delete from identity.recovery_codes where person_id = ${personId} and hash = ${hash}`,
  );
  return rowCount === 1;
}

export async function countRecoveryCodes(db: Db, personId: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    sql`select count(*)::int as count from identity.recovery_codes where person_id = ${personId}`,
  );
  return rows[0]?.count ?? 0;
}

export async function dropFactor(db: Db, personId: string): Promise<void> {
  await db.query(
    sql`update identity.persons set totp_secret = null, totp_step = null, totp_at = null where id = ${personId}`,
  );
  await db.query(sql`delete from identity.recovery_codes where person_id = ${personId}`);
}

export async function setEmail(db: Db, personId: string, email: string): Promise<void> {
  await db.query(sql`update identity.persons set email = ${email} where id = ${personId}`);
}

/** The tenants that a person may ask for; it gives no right. */
export async function tenantsOf(db: Db, personId: string): Promise<string[]> {
  const { rows } = await db.query<{ tenant_id: string }>(
    sql(
      'tenants_of_person',
    )`select tenant_id from identity.person_tenants where person_id = ${personId} order by tenant_id limit 500`,
  );
  return rows.map(({ tenant_id }) => tenant_id);
}

export async function hasTenant(db: Db, personId: string, tenantId: string): Promise<boolean> {
  const { rows } = await db.query(
    sql(
      'person_has_tenant',
    )`select 1 from identity.person_tenants where person_id = ${personId} and tenant_id = ${tenantId}`,
  );
  return rows.length > 0;
}
