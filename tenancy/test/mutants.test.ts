import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Tenancy, TenancyOptions } from '../src/index.ts';
import { behind, slowWire } from './slow-wire.ts';
import { openStage } from './stage.ts';

const ROOM = join(import.meta.dirname, '..');
const db = await openStage();
const [a, b] = db.tenants;
const wire = await slowWire(db.connection('bos_app'));
const copies: string[] = [];
after(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

type Kernel = typeof import('../src/index.ts');
interface Attack {
  /** Throws when the kernel lets something through. */
  run(tenancy: Tenancy, kernel: Kernel): Promise<void>;
}

const as = <T>(tenancy: Tenancy, tenant: string, work: () => Promise<T>) =>
  tenancy.withTenant(tenant, 's:mutant', work);
const read = { text: 'select body from shop.notes', values: [], label: 'read' };
const bodiesOf = async (tenancy: Tenancy, tenant: string) =>
  (await as(tenancy, tenant, () => tenancy.query(read))).rows.map(({ body }) => body);

const attacks: Record<string, Attack> = {
  'utility commands pass the gate': {
    run: async (tenancy) => {
      for (const text of ['set statement_timeout = 1', 'deallocate all', 'begin'])
        await assert.rejects(
          as(tenancy, a, () => tenancy.query({ text, values: [] })),
          { code: 'REFUSED' },
        );
    },
  },
  'a setting of one lease reaches the next': {
    run: async (tenancy) => {
      await as(tenancy, a, () => tenancy.query({ text: "select set_config('app.left', 'behind', false)", values: [] }));
      const { rows } = await as(tenancy, b, () =>
        tenancy.query({ text: "select current_setting('app.left', true) as l", values: [] }),
      );
      assert.notEqual(rows[0]?.['l'], 'behind');
    },
  },
  'a lock of one lease reaches the next': {
    run: async (tenancy) => {
      await db.admin.query('grant execute on function pg_advisory_lock(bigint) to bos_app');
      try {
        await as(tenancy, a, () => tenancy.query({ text: 'select pg_advisory_lock(4711)', values: [] }));
        await bodiesOf(tenancy, b);
        assert.equal(
          (await db.admin.query("select 1 from pg_locks where locktype = 'advisory' and objid = 4711")).rowCount,
          0,
        );
      } finally {
        await db.admin.query('revoke execute on function pg_advisory_lock(bigint) from bos_app');
      }
    },
  },
  'a connection in a transaction goes back to the pool': {
    run: async (tenancy) => {
      await as(tenancy, a, async () => {
        const client = await tenancy.pool.connect();
        await client.query('begin');
        await client.query('select 1 / 0').catch(() => {});
        client.release();
      });
      assert.deepEqual(await bodiesOf(tenancy, b), [db.marker(b)]);
    },
  },
  'a lease is used in another scope': {
    run: async (tenancy) => {
      const client = await as(tenancy, a, () => tenancy.pool.connect());
      try {
        await assert.rejects(
          as(tenancy, b, () => client.query('select body from shop.notes')),
          { code: 'SCOPE_SWITCH' },
        );
      } finally {
        client.release();
      }
    },
  },
  'a scope is switched inside': {
    run: async (tenancy) => {
      await as(tenancy, a, async () =>
        assert.throws(() => tenancy.withTenant(b, 's:mutant', async () => 1), { code: 'SCOPE_SWITCH' }),
      );
    },
  },
  'a returned builder runs outside of its scope': {
    run: async (tenancy) => {
      const lazy = {
        // biome-ignore lint/suspicious/noThenProperty: query builders are thenables, which is the point
        then: (resolve: (rows: unknown[]) => void, reject: (error: unknown) => void) =>
          tenancy.query(read).then(({ rows }) => resolve(rows), reject),
      };
      assert.deepEqual(await tenancy.withTenant(a, 's:mutant', () => lazy as unknown as Promise<unknown[]>), [
        { body: db.marker(a) },
      ]);
    },
  },
  'a lost opening goes on being used': {
    run: async (tenancy, kernel) => {
      // without the gate's help: a statement that the kernel itself would refuse is sent as a data statement would be
      const { Pool } = (await import(
        pathToFileURL(join(rootOf(kernel), 'pool.ts')).href
      )) as typeof import('../src/pool.ts');
      const { makeScope, runInScope } = (await import(
        pathToFileURL(join(rootOf(kernel), 'scope.ts')).href
      )) as typeof import('../src/scope.ts');
      const { SealRing } = (await import(
        pathToFileURL(join(rootOf(kernel), 'seal.ts')).href
      )) as typeof import('../src/seal.ts');
      const pool = new Pool({
        connection: db.connection('bos_app'),
        seals: new SealRing(db.sealKeys),
        connections: 1,
        multiplexed: 0,
        perTenant: 1,
        maxWaiting: 10,
        maxWaitMs: 1_000,
        prepare: true,
      });
      const scope = makeScope(a, 's:mutant');
      const lease = await runInScope(scope, () => pool.lease(scope));
      await lease.connection.send({ text: 'deallocate all', values: [], name: '' });
      lease.release();
      await runInScope(scope, () => pool.run(scope, read, {})).catch(() => {});
      await runInScope(scope, () => pool.run(scope, read, {})).finally(() => pool.end());
      void tenancy;
    },
  },
  'a write goes without its principal': {
    run: async (tenancy) => {
      await db.admin.query("update tenancy.homes set mode = 'read_only' where tenant_id = $1", [a]);
      try {
        await tenancy.withTenant(a, 's:rewind', () =>
          tenancy.query({ text: 'update shop.notes set n = 1', values: [] }),
        );
      } finally {
        await db.admin.query("update tenancy.homes set mode = 'open' where tenant_id = $1", [a]);
      }
    },
  },
  'a failed transaction is taken for a committed one': {
    run: async (tenancy) => {
      const swallow = tenancy.transaction.bind(tenancy);
      await assert.rejects(
        as(tenancy, a, () =>
          swallow(async (tx) => await tx.query({ text: 'select 1 / 0', values: [] }).catch(() => {})),
        ),
        { code: 'TRANSACTION_FAILED' },
      );
    },
  },
  'what follows a begin that failed runs beside it': {
    run: async (_, kernel) =>
      await onWire(kernel, async (tenancy) => {
        const text =
          "select set_config('statement_timeout', '20', false), set_config('app.current_tenant_id', current_setting('app.current_tenant_id'), false), set_config('app.current_principal', current_setting('app.current_principal'), false)";
        await as(tenancy, a, () => tenancy.query({ text, values: [] }, { writes: true }));
        let begun = false;
        wire.cut.toServer = (bytes) => {
          if (begun || !bytes.includes('begin')) return undefined;
          begun = true;
          return behind('P')(bytes);
        };
        const insert = { text: "insert into shop.notes (body) values ('beside')", values: [] };
        await as(tenancy, b, () =>
          tenancy.transaction((tx) => Promise.all([tx.query(insert), tx.query(insert), tx.query(insert)])),
        ).catch(() => {});
        assert.equal((await db.admin.query("select 1 from shop.notes where body = 'beside'")).rowCount, 0);
      }),
  },
  'a connection is judged before ReadyForQuery': {
    run: async (_, kernel) =>
      await onWire(kernel, async (tenancy) => {
        await bodiesOf(tenancy, a);
        wire.cut.toClient = behind('E');
        await assert.rejects(
          as(tenancy, a, () => tenancy.transaction((tx) => tx.query({ text: 'select 1 / 0', values: [] }))),
        );
        wire.cut.toClient = undefined;
        await as(tenancy, b, () => tenancy.query({ text: 'update shop.notes set n = 1', values: [] }));
      }),
  },
  'a stream of one scope is read in another': {
    run: async (tenancy) => {
      const made = await as(tenancy, a, async () => ({ stream: tenancy.stream(read) }));
      try {
        await assert.rejects(
          as(tenancy, b, () => made.stream.next()),
          { code: 'SCOPE_SWITCH' },
        );
      } finally {
        await made.stream.return(undefined);
      }
    },
  },
  'a cancel hits the next statement': {
    run: async (tenancy) => {
      for (let i = 0; i < 60; i++) {
        const controller = new AbortController();
        const work = as(tenancy, a, () =>
          tenancy.query({ text: 'select pg_sleep(0.002)', values: [] }, { signal: controller.signal }),
        );
        setTimeout(() => controller.abort(), 2);
        await work.catch(() => {});
        await bodiesOf(tenancy, b);
      }
    },
  },
};

/** One guard taken out of the source, and the attack that must then get through. */
const mutants: [file: string, from: string | RegExp, to: string, attack: keyof typeof attacks][] = [
  [
    'gate.ts',
    /throw new RefusedError\(\s*'inside a lease/,
    "return { kind: 'data', writes: true }; throw new RefusedError('inside a lease",
    'utility commands pass the gate',
  ],
  ['wire.ts', "text: 'reset all'", "text: 'select 1 where false'", 'a setting of one lease reaches the next'],
  ['wire.ts', / or pg_advisory_unlock_all\(\)::text is null/g, '', 'a lock of one lease reaches the next'],
  [
    'connection.ts',
    "this.#inFlight === 0 && this.status === 'I'",
    'this.#inFlight === 0',
    'a connection in a transaction goes back to the pool',
  ],
  [
    'lease.ts',
    'if (scope.tenantId !== this.scope.tenantId)',
    'if (scope.tenantId === undefined)',
    'a lease is used in another scope',
  ],
  [
    'scope.ts',
    'if (outer && outer.scope.tenantId !== scope.tenantId)',
    'if (outer && outer.scope.tenantId === undefined)',
    'a scope is switched inside',
  ],
  [
    'scope.ts',
    /async \(\) => await callback\(\)\);\n\}\n\n\/\*\* Runs the rest/,
    'callback as never) as never;\n}\n\n/** Runs the rest',
    'a returned builder runs outside of its scope',
  ],
  ['connection.ts', "(state === '26000' && this.prepared)", 'false', 'a lost opening goes on being used'],
  ['opening.ts', 'if (!writes)', 'if (!writes || writes)', 'a write goes without its principal'],
  [
    'lease.ts',
    "kind === 'commit' && result.command === 'ROLLBACK'",
    'false',
    'a failed transaction is taken for a committed one',
  ],
  [
    'lease.ts',
    "if (status === 'T' || status === 'E') return;",
    'if (status) return;',
    'what follows a begin that failed runs beside it',
  ],
  [
    'scoped-query.ts',
    'const onReady = () => settle(true);',
    'const onReady = () => settle(true); queueMicrotask(onReady);',
    'a connection is judged before ReadyForQuery',
  ],
  ['tenancy.ts', /refuseOthers\(scope, 'the stream'\);/g, '', 'a stream of one scope is read in another'],
  ['tenancy.ts', 'scopeOfMaker();', "scopeOfWork('stream');", 'a stream of one scope is read in another'],
];

/** Runs the attack over a network that can pause, with one connection. */
async function onWire(kernel: Kernel, attack: (tenancy: Tenancy) => Promise<void>): Promise<void> {
  const tenancy = await kernel.createTenancy({
    connection: wire.connection,
    sealKeys: db.sealKeys,
    connections: 1,
    multiplexed: 0,
    maxWaitMs: 2_000,
  });
  try {
    await attack(tenancy);
  } finally {
    wire.cut.toServer = undefined;
    wire.cut.toClient = undefined;
    await tenancy.end();
  }
}

function rootOf(kernel: Kernel): string {
  return (kernel as unknown as { root: string }).root;
}

/** Loads the kernel from a folder inside the room, so that its own imports resolve. */
async function load(folder: string): Promise<Kernel> {
  return { ...((await import(pathToFileURL(join(folder, 'index.ts')).href)) as Kernel), root: folder } as Kernel;
}

async function attackWith(kernel: Kernel, name: keyof typeof attacks): Promise<void> {
  const options: TenancyOptions = {
    connection: db.connection('bos_app'),
    control: db.connection('bos_control'),
    sealKeys: db.sealKeys,
    connections: 1,
    multiplexed: 0,
    maxWaitMs: 2_000,
  };
  const tenancy = await kernel.createTenancy(options);
  try {
    await attacks[name]?.run(tenancy, kernel);
  } finally {
    await tenancy.end();
  }
}

for (const name of Object.keys(attacks)) {
  test(`the kernel holds: ${name} (refused)`, async () => {
    await attackWith(await load(join(ROOM, 'src')), name);
  });
}

for (const [at, [file, from, to, attack]] of mutants.entries()) {
  test(`mutant ${at + 1}, ${file}: ${attack}, and the attack sees it`, async () => {
    const folder = mkdtempSync(join(ROOM, '.mutant-'));
    copies.push(folder);
    const src = join(folder, 'src');
    cpSync(join(ROOM, 'src'), src, { recursive: true });
    for (const beside of ['sql', 'lints']) cpSync(join(ROOM, beside), join(folder, beside), { recursive: true });
    const text = readFileSync(join(src, file), 'utf8');
    const mutated = text.replace(from, to);
    assert.notEqual(mutated, text, `nothing in ${file} fits ${from}`);
    writeFileSync(join(src, file), mutated);
    await assert.rejects(attackWith(await load(src), attack), `the mutant of ${file} was not noticed`);
  });
}
