import { type Statement, sql, type Unscoped } from '@businessos/tenancy';

type Db = Pick<Unscoped, 'query'>;

export interface SigningKeyRow {
  kid: string;
  /** DER, SubjectPublicKeyInfo. */
  public: Buffer;
  /** PKCS #8 in DER under the installation's key. */
  wrapped_private: Buffer;
  publish_at: Date;
  sign_from: Date;
  retire_at: Date | null;
}

/** Keys that sign, will sign, or signed what may still be good; the newest last. */
export async function listSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  const { rows } = await db.query<SigningKeyRow>(
    sql('signing_keys')`select kid, public, wrapped_private, publish_at, sign_from, retire_at from identity.signing_keys
      where retire_at is null or retire_at > now() order by sign_from, kid`,
  );
  return rows;
}

/** Adds a key that signs after so many seconds, and retires the others so many seconds after their last signature. */
export async function insertSigningKey(
  db: Db,
  key: Pick<SigningKeyRow, 'kid' | 'public' | 'wrapped_private'>,
  signAfterS: number,
  retireAfterS: number,
): Promise<void> {
  await db.query(LOCK);
  await db.query(
    sql`update identity.signing_keys set retire_at = now() + make_interval(secs => ${signAfterS + retireAfterS})
        where retire_at is null or retire_at > now() + make_interval(secs => ${signAfterS + retireAfterS})`,
  );
  await db.query(
    sql`insert into identity.signing_keys (kid, public, wrapped_private, sign_from)
        values (${key.kid}, ${key.public}, ${key.wrapped_private}, now() + make_interval(secs => ${signAfterS}))`,
  );
}

/** Waits for whoever else changes keys now; true when there is a key that stays. */
export async function hasSigningKey(db: Db): Promise<boolean> {
  await db.query(LOCK);
  return (await db.query(sql`select 1 from identity.signing_keys where retire_at is null limit 1`)).rows.length > 0;
}

/** When the newest key began to sign, in seconds before now. */
export async function signingAge(db: Db): Promise<number> {
  const { rows } = await db.query<{ age: number }>(
    sql`select coalesce(extract(epoch from now() - max(sign_from)), 0)::float8 as age from identity.signing_keys where retire_at is null`,
  );
  return rows[0]?.age ?? 0;
}

export async function dropRetiredKeys(db: Db): Promise<void> {
  await db.query(sql`delete from identity.signing_keys where retire_at < now() - interval '1 day'`);
}

/** Whoever changes keys waits for whoever else does. */
const LOCK: Statement = sql`lock table identity.signing_keys in share row exclusive mode`;
