import { after } from 'node:test';
import { Privileged, type Tenancy, TenancyError } from '@businessos/tenancy';
import * as authenticate from '../../src/identity/authenticate.ts';
import * as feeds from '../../src/identity/feed.ts';
import { feedSource } from '../../src/identity/feed-store.ts';
import type { People } from '../../src/identity/people.ts';
import * as services from '../../src/tenants/service.ts';
import type { TestServer } from '../harness.ts';

/** The parts of the product that decide, each of which a mutant may replace. */
export interface Deciders {
  Feed: typeof feeds.Feed;
  Authenticator: typeof authenticate.Authenticator;
  TenantService: typeof services.TenantService;
}

export const product: Deciders = { ...feeds, ...authenticate, ...services };

/** What one server process knows and decides, on a real database, with a clock and a network of the test. */
export interface Stack {
  feed: feeds.Feed;
  authenticator: authenticate.Authenticator;
  people: People;
  network: Network;
}

/** A process's way to the database. */
class Network {
  cut = false;
  #held: { promise: Promise<void>; open: () => void } | undefined;

  /** From now on what is asked is read at once and answered when `release` is called. */
  hold(): void {
    if (this.#held) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = { promise, open: resolve };
  }

  release(): void {
    this.#held?.open();
    this.#held = undefined;
  }

  get held(): boolean {
    return this.#held !== undefined;
  }

  async carry<T>(work: () => Promise<T>): Promise<T> {
    if (this.cut) throw new TenancyError('DATABASE_UNAVAILABLE', 'the network is cut');
    const held = this.#held;
    const answer = await work();
    await held?.promise;
    return answer;
  }
}

/** Opens as many processes as wished on the database of a test server, whose tenants, people and keys they share. */
export function openStacks(server: TestServer, count: number, clock: { ms: number }, deciders = product): Stack[] {
  const { tenancy, people } = server.platform;
  return Array.from({ length: count }, () => {
    const network = new Network();
    const own = new Privileged(server.db.connection('bos_identity'), () => {}, 1);
    after(() => own.end());
    const source = feedSource(own);
    const feed = new deciders.Feed(
      {
        read: (seq) => network.carry(() => source.read(seq)),
        newGeneration: (known) => network.carry(() => source.newGeneration(known)),
      },
      () => clock.ms,
    );
    const privileged: Tenancy['privileged'] = (reason, work) => network.carry(() => tenancy.privileged(reason, work));
    const tenants = new deciders.TenantService({ privileged }, feed);
    const withTenant: Tenancy['withTenant'] = (id, principal, work, options) =>
      network.carry(() => people.identity.withTenant(id, principal, work, options));
    const identity: Tenancy = Object.assign(Object.create(people.identity), {
      withTenant,
      query: people.identity.query.bind(people.identity),
      transaction: people.identity.transaction.bind(people.identity),
    });
    const authenticator = new deciders.Authenticator({ identity, tenants, feed, keys: people.keys });
    return { feed, authenticator, network, people: { ...people, identity, tenants, feed, authenticator } };
  });
}
