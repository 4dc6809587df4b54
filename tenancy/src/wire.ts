/**
 * The few messages of the frontend protocol that a scoped statement is made of (PostgreSQL documentation, 53.7,
 * "Message Formats"), written into one buffer so that a statement leaves in one write.
 */
export const RESET = { name: 'bos_reset', text: 'reset all' };
export const OPEN_READ = {
  name: 'bos_open_read',
  text: "select 1 where set_config('app.current_tenant_id', $1, true) is null or pg_advisory_unlock_all()::text is null",
};
export const OPEN_WRITE = {
  name: 'bos_open_write',
  text: "select 1 where set_config('app.current_tenant_id', $1, true) is null or set_config('app.current_principal', $2, true) is null or pg_advisory_unlock_all()::text is null",
};

/** Bytes of `reset all` and of the opening with these seals: a read has one value, a write two. */
export function openingBytes(prepared: boolean, tenantSeal: string, principalSeal?: string): Buffer {
  const opening = principalSeal === undefined ? OPEN_READ : OPEN_WRITE;
  const seals = principalSeal === undefined ? [tenantSeal] : [tenantSeal, principalSeal];
  const message = new Message();
  if (!prepared) message.parse('', RESET.text);
  message.bind(prepared ? RESET.name : '', []).execute();
  if (!prepared) message.parse('', opening.text);
  return message
    .bind(prepared ? opening.name : '', seals)
    .execute()
    .take();
}

/** Bytes of a statement without values or rows, such as `begin`, to go ahead of another in the same Sync. */
export function commandBytes(text: string): Buffer {
  return new Message().parse('', text).bind('', []).execute().take();
}

/** Bytes that change settings for the rest of the transaction; one statement, no row. */
export function settingBytes(settings: Record<string, string>): Buffer {
  const entries = Object.entries(settings);
  const calls = entries.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, true) is null`);
  return new Message()
    .parse('', `select 1 where ${calls.join(' or ')}`)
    .bind('', entries.flat())
    .execute()
    .take();
}

let shared = Buffer.allocUnsafe(64 * 1024);
const EXECUTE = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const DESCRIBE = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0]);
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
const FLUSH = Buffer.from([0x48, 0, 0, 0, 4]);
const CLOSE = Buffer.from([0x43, 0, 0, 0, 6, 0x50, 0]);

/** A value as the wire takes it: text, binary, or null. */
export type WireValue = string | Buffer | null;

/** Collects messages; not reentrant, `take()` hands out a copy and starts anew. */
export class Message {
  #at = 0;

  raw(bytes: Buffer): this {
    this.#room(bytes.length);
    bytes.copy(shared, this.#at);
    this.#at += bytes.length;
    return this;
  }

  parse(name: string, text: string): this {
    const start = this.#open(0x50);
    this.#cstring(name);
    this.#cstring(text);
    this.#int16(0);
    return this.#close(start);
  }

  bind(statement: string, values: readonly WireValue[]): this {
    const start = this.#open(0x42);
    this.#cstring('');
    this.#cstring(statement);
    this.#int16(values.length);
    for (const value of values) this.#int16(value instanceof Uint8Array ? 1 : 0);
    this.#int16(values.length);
    for (const value of values) {
      if (value === null) {
        this.#int32(-1);
      } else if (typeof value === 'string') {
        // three bytes a UTF-16 unit at most
        this.#room(4 + value.length * 3);
        const length = shared.write(value, this.#at + 4);
        this.#int32(length);
        this.#at += length;
      } else {
        this.#int32(value.length);
        this.raw(value);
      }
    }
    this.#int16(0);
    return this.#close(start);
  }

  describe(): this {
    return this.raw(DESCRIBE);
  }

  /** Runs the unnamed portal; `rows` > 0 stops after so many (PortalSuspended). */
  execute(rows = 0): this {
    this.raw(EXECUTE);
    if (rows > 0) shared.writeInt32BE(rows, this.#at - 4);
    return this;
  }

  sync(): this {
    return this.raw(SYNC);
  }

  flush(): this {
    return this.raw(FLUSH);
  }

  /** Closes the unnamed portal. */
  close(): this {
    return this.raw(CLOSE);
  }

  take(): Buffer {
    const bytes = Buffer.from(shared.subarray(0, this.#at));
    this.#at = 0;
    if (shared.length > 4 * 1024 * 1024) shared = Buffer.allocUnsafe(64 * 1024);
    return bytes;
  }

  #open(code: number): number {
    this.#room(5);
    shared[this.#at] = code;
    this.#at += 5;
    return this.#at - 4;
  }

  #close(start: number): this {
    shared.writeInt32BE(this.#at - start, start);
    return this;
  }

  #cstring(text: string): void {
    this.#room(text.length * 3 + 1);
    this.#at += shared.write(text, this.#at);
    shared[this.#at++] = 0;
  }

  #int16(value: number): void {
    this.#room(2);
    this.#at = shared.writeUInt16BE(value, this.#at);
  }

  #int32(value: number): void {
    this.#room(4);
    this.#at = shared.writeInt32BE(value, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= shared.length) return;
    const larger = Buffer.allocUnsafe(Math.max(shared.length * 2, this.#at + bytes));
    shared.copy(larger, 0, 0, this.#at);
    shared = larger;
  }
}
