import type { MailKind } from '@businessos/contract';
import { sql, type Unscoped } from '@businessos/tenancy';

type Db = Pick<Unscoped, 'query'>;

export type LinkKind = 'signup' | 'reset' | 'email';

export interface LinkRow {
  email: string;
  body: Record<string, string>;
}

/** Makes a link of so many seconds; only the hash of its token is kept. */
export async function insertLink(
  db: Db,
  link: { hash: Buffer; kind: LinkKind; email: string; body: Record<string, string>; seconds: number },
): Promise<void> {
  const { hash, kind, email, body, seconds } = link;
  await db.query(
    sql`insert into identity.mail_tokens (hash, kind, email, body, expires_at)
        values (${hash}, ${kind}, ${email}, ${JSON.stringify(body)}, now() + make_interval(secs => ${seconds}))`,
  );
}

/** Looks at a link that may still be used. */
export async function findLink(db: Db, hash: Buffer, kind: LinkKind): Promise<LinkRow | undefined> {
  const { rows } = await db.query<LinkRow>(
    sql('link_by_hash')`select email, body from identity.mail_tokens
      where hash = ${hash} and kind = ${kind} and used_at is null and expires_at > now()`,
  );
  return rows[0];
}

/** Uses a link, once, whoever else tries at the same time. */
export async function takeLink(db: Db, hash: Buffer, kind: LinkKind): Promise<LinkRow | undefined> {
  const { rows } = await db.query<LinkRow>(
    sql('link_take')`update identity.mail_tokens set used_at = now()
      where hash = ${hash} and kind = ${kind} and used_at is null and expires_at > now() returning email, body`,
  );
  return rows[0];
}

/** Ends the links by which a person's password or e-mail could still be changed. */
export async function voidLinks(db: Db, { id, email }: { id: string; email: string }): Promise<void> {
  await db.query(
    sql`update identity.mail_tokens set used_at = now() where used_at is null and expires_at > now()
        and ((kind = 'reset' and email = ${email}) or (kind = 'email' and body ->> 'person' = ${id}))`,
  );
}

/** A mail to be sent, or (`copies`) a person's name and e-mail to be brought to the tenants. */
export interface OutboxRow {
  id: string;
  email: string;
  kind: MailKind | 'copies';
  locale: string;
  body: Buffer;
  tries: number;
  created_at: Date;
}

const COLUMNS = sql`id, email, kind, locale, body, tries, created_at`;

/** Adds a mail; false for a repeat with the same id, which adds nothing. */
export async function insertMail(
  db: Db,
  mail: Pick<OutboxRow, 'id' | 'email' | 'kind' | 'locale' | 'body'>,
): Promise<boolean> {
  const { id, email, kind, locale, body } = mail;
  const { rowCount } = await db.query(
    sql`insert into identity.outbox (id, email, kind, locale, body) values (${id}, ${email}, ${kind}, ${locale}, ${body}) on conflict (id) do nothing`,
  );
  return rowCount === 1;
}

/** Takes mails whose time has come for this process alone: two minutes, after which another may try. */
export async function takeMails(db: Db, count: number): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>(
    sql('outbox_take')`update identity.outbox set tries = tries + 1, next_at = now() + interval '2 minutes'
      where id in (select id from identity.outbox where sent_at is null and next_at <= now() order by next_at limit ${count} for update skip locked)
      returning ${COLUMNS}`,
  );
  return rows;
}

/** Marks a mail as sent; `keep` where the outbox itself is what people read. */
export async function markSent(db: Db, id: string, keep: boolean): Promise<void> {
  await db.query(
    keep
      ? sql`update identity.outbox set sent_at = now() where id = ${id}`
      : sql`update identity.outbox set sent_at = now(), body = '' where id = ${id}`,
  );
}

/** Puts a mail off that could not be sent. */
export async function putOff(db: Db, id: string, seconds: number): Promise<void> {
  await db.query(
    sql`update identity.outbox set next_at = now() + make_interval(secs => ${seconds}) where id = ${id} and sent_at is null`,
  );
}

export async function deleteMail(db: Db, id: string): Promise<void> {
  await db.query(sql`delete from identity.outbox where id = ${id}`);
}

/** The mails that were delivered into the outbox, newest first. */
export async function listMails(db: Db): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>(
    sql('outbox')`select ${COLUMNS} from identity.outbox where sent_at is not null and body <> '' and kind <> 'copies'
      order by created_at desc, id desc limit 100`,
  );
  return rows;
}

/** Deletes mails and links that are a week old. */
export async function sweepMails(db: Db): Promise<void> {
  await db.query(sql`delete from identity.outbox where created_at < now() - interval '7 days'`);
  await db.query(sql`delete from identity.mail_tokens where expires_at < now() - interval '7 days'`);
}
