import { type ListQuery, type Mode, slugLength, type Tenant } from '@businessos/contract';
import type { Tenancy } from '@businessos/tenancy';
import type { Feed, Position } from '../identity/feed.ts';
import { closeCursor, listSql, where } from '../list-sql.ts';
import { Refusal } from '../refusal.ts';
import * as store from './store.ts';

interface Entry extends Position {
  tenant: Tenant | undefined;
  /** What the revocation feed calls it when it changes. */
  subjects: readonly string[];
  until: number;
}

const KEPT = 10_000;
/** The feed tells of every change; an id that nobody has is soon asked again, since the feed names slugs. */
const KNOWN_MS = 60_000;
const NOBODY_MS = 5_000;

/** Tenants as the control role knows them, with a bounded cache in front, also of names that nobody has. */
export class TenantService {
  readonly tenancy: Pick<Tenancy, 'privileged'>;
  readonly #feed: Pick<Feed, 'isStale' | 'seen'>;
  readonly #cache = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Tenant | undefined>>();

  constructor(tenancy: Pick<Tenancy, 'privileged'>, feed: Pick<Feed, 'isStale' | 'seen'>) {
    this.tenancy = tenancy;
    this.#feed = feed;
  }

  /** Finds a tenant by slug or id, from memory where it is fresh; undefined when there is none. */
  find(by: { slug: string } | { id: string }): Tenant | undefined | Promise<Tenant | undefined> {
    if ('slug' in by && by.slug.length > slugLength.max) return undefined; // nobody's, and not to be remembered
    const key = 'slug' in by ? `s:${by.slug}` : `i:${by.id}`;
    const entry = this.#cache.get(key);
    if (entry !== undefined && entry.until > performance.now() && !this.#feed.isStale(entry, entry.subjects))
      return entry.tenant;
    return this.#loading.get(key) ?? this.#startLoad(by, key);
  }

  /** Reads a tenant past the cache. @throws Refusal NOT_FOUND. */
  async get(by: { slug: string } | { id: string }): Promise<Tenant> {
    const row = await this.tenancy.privileged('read a tenant', (db) => store.findTenant(db, by));
    if (row === undefined) throw new Refusal('NOT_FOUND');
    return store.tenantOf(row);
  }

  /** One page of all tenants and the cursor after it, for operators. */
  async list(query: ListQuery): Promise<{ items: Tenant[]; next: string | null }> {
    const { conditions, order } = listSql('tenants', query, 'operator');
    const rows = await this.tenancy.privileged('list tenants', (db) =>
      store.listTenants(db, where(conditions), order, query.limit + 1),
    );
    const items = rows.slice(0, query.limit).map(store.tenantOf);
    const last = items.at(-1);
    if (rows.length <= query.limit || last === undefined) return { items, next: null };
    const value = query.sort.column === 'slug' ? last.slug : last.created_at;
    return { items, next: closeCursor('tenants', query, 'operator', value, last.id) };
  }

  /** Suspends a tenant: from the next statement on, PostgreSQL refuses everything under its seal. */
  async suspend(slug: string): Promise<Tenant> {
    return await this.#change(slug, ['open', 'read_only'], 'suspended');
  }

  async resume(slug: string): Promise<Tenant> {
    return await this.#change(slug, ['suspended'], 'open');
  }

  /** Drops what memory holds of a tenant; a load that is under way now will not be kept, since it may have read before. */
  forget(id: string, slug: string): void {
    for (const key of [`i:${id}`, `s:${slug}`]) {
      this.#cache.delete(key);
      this.#loading.delete(key);
    }
  }

  #startLoad(by: { slug: string } | { id: string }, key: string): Promise<Tenant | undefined> {
    const loading = this.#load(by).then(
      (entry) => {
        if (this.#loading.get(key) === loading) {
          this.#loading.delete(key);
          this.#keep(key, entry);
        }
        return entry.tenant;
      },
      (error: unknown) => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
        throw error;
      },
    );
    this.#loading.set(key, loading);
    return loading;
  }

  async #load(by: { slug: string } | { id: string }): Promise<Entry> {
    const { row, rev, gen } = await this.tenancy.privileged('resolve a tenant', (db) => store.resolveTenant(db, by));
    this.#feed.seen({ rev, gen });
    const slug = row?.slug ?? ('slug' in by ? by.slug : undefined);
    return {
      tenant: row && store.tenantOf(row),
      rev,
      gen,
      subjects: slug === undefined ? [] : [`n:${slug}`],
      until: performance.now() + (slug === undefined ? NOBODY_MS : KNOWN_MS),
    };
  }

  #keep(key: string, entry: Entry): void {
    if (this.#cache.size >= KEPT) this.#cache.delete(this.#cache.keys().next().value as string);
    this.#cache.set(key, entry);
  }

  async #change(slug: string, from: readonly Mode[], to: Mode): Promise<Tenant> {
    const tenant = await this.get({ slug });
    const changed = await this.tenancy.privileged(`set the mode of a tenant to ${to}`, (db) =>
      db.transaction((tx) => store.changeMode(tx, tenant, from, to)),
    );
    this.forget(tenant.id, slug);
    const now = await this.get({ slug });
    if (!changed && now.mode !== to) {
      throw new Refusal('CONFLICT', {
        errors: [{ field: 'mode', problem: `is ${now.mode}`, fix: `it must be ${from.join(' or ')}` }],
      });
    }
    return now;
  }
}
