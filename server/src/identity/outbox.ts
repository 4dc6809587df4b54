import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailKind } from '@businessos/contract';
import type { Tenancy, Unscoped } from '@businessos/tenancy';
import { mailText } from '../pages/mail-texts.ts';
import { unwrap, wrap } from './installation-key.ts';
import * as store from './mail-store.ts';
import type { Mailer } from './mailer.ts';
import { copyPerson } from './member-store.ts';
import { findPerson, tenantsOf } from './person-store.ts';

const PURPOSE = 'identity.outbox';
const POLL_MS = 2_000;
const MOST_TRIES = 12;

/** What a mail says beside its kind; `token` is the secret of its link. */
export interface MailBody {
  token?: string;
  /** When the link ends (RFC 3339). */
  ends?: string;
  business?: string;
  inviter?: string;
  role?: string;
  /** Of `copies`. */
  person?: string;
}

/** A mail that was delivered into the outbox itself; `url` is its link, '' where it leads nowhere. */
export interface LocalMail {
  id: string;
  email: string;
  kind: MailKind;
  body: MailBody;
  url: string;
  created_at: string;
}

export interface OutboxParts {
  identity: Tenancy;
  unsealed: Unscoped;
  rootKey: KeyObject;
  /** None: mails stay in the outbox, to be read there. */
  mailer: Mailer | undefined;
  /** The address of a link on the identity host. */
  linkOf(kind: MailKind, token: string): string;
  onError(error: unknown, what: { id: string; kind: string; tries: number }): void;
}

/**
 * The one way mails leave: written in the transaction that causes them, sent by a loop at least once, with growing
 * pauses. Whether an address is known decides the loop, not the request, so that requests cost and answer the same.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #ended = new AbortController();
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Adds a mail in the caller's transaction; with an `id` of its own a repeat mails nothing, and is false. */
  async add(
    db: Pick<Unscoped, 'query'>,
    kind: store.OutboxRow['kind'],
    email: string,
    body: MailBody,
    id: string = randomUUID(),
  ): Promise<boolean> {
    const bytes = wrap(this.#parts.rootKey, PURPOSE, id, Buffer.from(JSON.stringify(body)));
    return await store.insertMail(db, { id, email, kind, locale: 'en', body: bytes });
  }

  /** Lets the loop look at once. */
  kick(): void {
    this.#wake?.();
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    this.kick();
    await this.#running;
    this.#parts.mailer?.end();
  }

  /** What was delivered here, where no SMTP is set, newest first. */
  async list(): Promise<LocalMail[]> {
    const rows = await store.listMails(this.#parts.unsealed);
    return rows.map((row) => {
      const body = this.#open(row);
      const kind = row.kind as MailKind;
      const url = body.token === undefined ? '' : this.#parts.linkOf(kind, body.token);
      return { id: row.id, email: row.email, kind, body, url, created_at: row.created_at.toISOString() };
    });
  }

  async #loop(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const all = await this.#round().catch((error: unknown) => {
        this.#parts.onError(error, { id: '', kind: 'round', tries: 0 });
        return true;
      });
      if (all) await Promise.race([woken, sleep(POLL_MS, undefined, { signal, ref: false }).catch(() => {})]);
    }
  }

  /** Delivers what is due; true when nothing is left. */
  async #round(): Promise<boolean> {
    const { unsealed, onError } = this.#parts;
    const rows = await store.takeMails(unsealed, 20);
    for (const row of rows) {
      try {
        await this.#deliver(row);
      } catch (error) {
        onError(error, { id: row.id, kind: row.kind, tries: row.tries });
        const pause = row.tries >= MOST_TRIES ? 365 * 86_400 : Math.min(3_600, 5 * 2 ** row.tries);
        await store.putOff(unsealed, row.id, pause);
      }
    }
    return rows.length < 20;
  }

  async #deliver(row: store.OutboxRow): Promise<void> {
    const { unsealed, mailer } = this.#parts;
    const body = this.#open(row);
    if (row.kind === 'copies') {
      await this.#copy(body.person ?? '');
      await store.deleteMail(unsealed, row.id);
      return;
    }
    const person = await findPerson(unsealed, { email: row.email });
    if (row.kind === 'reset' && person === undefined) {
      await store.deleteMail(unsealed, row.id);
      return;
    }
    if (mailer) {
      const kind = row.kind === 'signup' && person?.password ? 'signup_known' : row.kind;
      const link = body.token === undefined ? '' : this.#parts.linkOf(row.kind, body.token);
      const text = mailText(kind, { ...body, email: row.email, link } as Parameters<typeof mailText>[1]);
      await mailer.send({ id: row.id, to: row.email, ...text });
    }
    await store.markSent(unsealed, row.id, mailer === undefined);
  }

  /** Brings name and e-mail of a person to all tenants, one after the other; a repeat changes nothing. */
  async #copy(personId: string): Promise<void> {
    const { identity, unsealed } = this.#parts;
    const tenants = await tenantsOf(unsealed, personId);
    let failed: unknown;
    for (const tenantId of tenants) {
      await identity
        .withTenant(tenantId, 's:identity', () => identity.transaction((tx) => copyPerson(tx, personId)))
        .catch((error: unknown) => {
          failed = error; // one that is suspended must not hold up the others; it is tried again
        });
    }
    if (failed !== undefined) throw failed;
  }

  #open(row: store.OutboxRow): MailBody {
    return JSON.parse(unwrap(this.#parts.rootKey, PURPOSE, row.id, row.body).toString('utf8')) as MailBody;
  }
}
