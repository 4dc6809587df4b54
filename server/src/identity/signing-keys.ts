import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type Statement, sql, type Unscoped } from '@businessos/tenancy';
import { createTokenVerifier, signToken, type TokenClaims, type TokenVerifier } from '@businessos/tenancy/express';
import { ConfigError } from '../config.ts';
import { unwrap, wrap } from './installation-key.ts';
import * as store from './signing-keys-store.ts';

/** Longest life of an access token; `ACCESS_S` for those that a sign-in gives, more only for the command line's. */
export const MOST_ACCESS_S = 3_600;
const PURPOSE = 'identity.signing_keys';
/** A key is published so long before it signs, so that every verifier has it: JWKS may be cached for 300 s. */
const PUBLISHED_BEFORE_S = 900;
/** After its last signature a key stays as long as what it signed, and ten minutes. */
const KEPT_AFTER_S = MOST_ACCESS_S + 600;
const ROTATE_AFTER_S = 90 * 86_400;

interface Key {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  signFrom: number;
  retireAt: number;
}

interface Verifiers {
  tenant: TokenVerifier;
  operator: TokenVerifier;
}

export const TENANT_AUDIENCE = 'bos';
export const OPERATOR_AUDIENCE = 'bos-operator';

/**
 * The installation's keys that sign access tokens (Ed25519), as the database has them: every process switches to the
 * next key at the time in its row, so no token is refused because one process rotated before another.
 */
export class SigningKeys {
  readonly #db: Unscoped;
  readonly #rootKey: KeyObject;
  readonly #issuer: string;
  #keys: Key[] = [];
  #verifiers: Verifiers = { tenant: refuseAll, operator: refuseAll };
  #begun = 0;
  #done = 0;

  constructor(db: Unscoped, rootKey: KeyObject, issuer: string) {
    this.#db = db;
    this.#rootKey = rootKey;
    this.#issuer = issuer;
  }

  /** Reads the keys, and makes the first where there is none. Of two at once the one that began later counts. */
  async load(): Promise<void> {
    const turn = ++this.#begun;
    let rows = await this.#read();
    if (rows.every(({ retire_at }) => retire_at !== null)) {
      await this.#db.transaction(async (tx) => {
        if (!(await store.hasSigningKey(tx))) await store.insertSigningKey(tx, this.#make(), 0, KEPT_AFTER_S);
      });
      rows = await this.#read();
    }
    if (turn < this.#done) return;
    this.#done = turn;
    this.#keys = rows.map((row) => ({
      kid: row.kid,
      privateKey: createPrivateKey({ key: this.#open(row), format: 'der', type: 'pkcs8' }),
      publicKey: createPublicKey({ key: row.public, format: 'der', type: 'spki' }),
      signFrom: row.sign_from.getTime(),
      retireAt: row.retire_at?.getTime() ?? Number.POSITIVE_INFINITY,
    }));
    const keys = this.#keys.map(({ kid, publicKey }) => ({ kid, key: publicKey }));
    const of = (audience: string) => createTokenVerifier({ keys, issuer: this.#issuer, audience });
    this.#verifiers = { tenant: of(TENANT_AUDIENCE), operator: of(OPERATOR_AUDIENCE) };
  }

  /**
   * Publishes the next key, which signs 15 minutes later; the present one stays until nothing that it signed is good.
   * `now` (a key has leaked): the next one signs at once, the others are gone, and every token of them with them.
   */
  async rotate({ now = false }: { now?: boolean } = {}): Promise<void> {
    await this.#db.transaction(async (tx) => {
      if (now) await store.insertSigningKey(tx, this.#make(), 0, 0);
      else await store.insertSigningKey(tx, this.#make(), PUBLISHED_BEFORE_S, KEPT_AFTER_S);
      if (now) await tx.query(NEW_GENERATION);
      await tx.query(REVOKE_KEYS);
    });
    await this.load();
  }

  /** Daily work: the next key every 90 days, and what was retired goes. */
  async tick(): Promise<void> {
    await store.dropRetiredKeys(this.#db);
    const age = await store.signingAge(this.#db);
    if (age > ROTATE_AFTER_S) await this.rotate();
    else await this.load();
  }

  /** Signs with the key whose time it is; `seconds` at most `MOST_ACCESS_S`, else a RangeError. */
  sign(claims: Omit<TokenClaims, 'iss' | 'iat' | 'exp'>, seconds: number, nowMs = Date.now()): string {
    if (seconds > MOST_ACCESS_S) throw new RangeError(`a token lives at most ${MOST_ACCESS_S} seconds`);
    const key =
      this.#keys.findLast(({ signFrom, retireAt }) => signFrom <= nowMs && retireAt > nowMs) ??
      this.#keys.find(({ retireAt }) => retireAt > nowMs); // a clock behind the database's has no key yet whose time has come
    if (key === undefined) throw new Error('no key may sign at this time');
    const iat = Math.floor(nowMs / 1000);
    return signToken({ kid: key.kid, key: key.privateKey }, { iss: this.#issuer, ...claims, iat, exp: iat + seconds });
  }

  /** Verifies a token of a member. @throws TenancyError CREDENTIAL_INVALID */
  verify(token: string): TokenClaims {
    return this.#verifiers.tenant(token);
  }

  /** Verifies a token of an operator. @throws TenancyError CREDENTIAL_INVALID */
  verifyOperator(token: string): TokenClaims {
    return this.#verifiers.operator(token);
  }

  /** The public keys (RFC 7517). */
  jwks() {
    return {
      keys: this.#keys.map(({ kid, publicKey }) => ({
        kty: 'OKP' as const,
        crv: 'Ed25519' as const,
        x: publicKey.export({ format: 'jwk' }).x as string,
        kid,
        alg: 'EdDSA' as const,
        use: 'sig' as const,
      })),
    };
  }

  async #read(): Promise<store.SigningKeyRow[]> {
    return await store.listSigningKeys(this.#db);
  }

  #open({ kid, wrapped_private }: store.SigningKeyRow): Buffer {
    try {
      return unwrap(this.#rootKey, PURPOSE, kid, wrapped_private);
    } catch (cause) {
      throw new ConfigError(
        'keys/root.json in the data folder is not the root key of this database: copy the one of the server that made it',
        { cause },
      );
    }
  }

  #make(): Pick<store.SigningKeyRow, 'kid' | 'public' | 'wrapped_private'> {
    const kid = randomBytes(6).toString('hex');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    return {
      kid,
      public: publicKey.export({ type: 'spki', format: 'der' }),
      wrapped_private: wrap(this.#rootKey, PURPOSE, kid, privateKey.export({ type: 'pkcs8', format: 'der' })),
    };
  }
}

const NEW_GENERATION: Statement = sql`select identity.new_generation(generation) from identity.feed_head`;
const REVOKE_KEYS: Statement = sql`select identity.revoke('keys')`;

const refuseAll: TokenVerifier = () => {
  throw new Error('the signing keys were not read yet');
};
