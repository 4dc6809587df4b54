import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asTenant, startOn, startTestServer } from './harness.ts';
import { loadAgent, loadTenants, runLoad } from './load.ts';
import { type Edit, loadMutant } from './mutants.ts';

test('V54-V63: 2,000 mixed requests of 20 tenants, 64 at once over 8 connections, never mix tenants nor leave a trace', async () => {
  const server = await startTestServer();
  const agent = loadAgent();
  const tenants = await loadTenants(server, 20, agent);
  const report = await runLoad(server, tenants, { requests: 2_000 });
  agent.destroy();
  assert.deepEqual(report.foreign, []);
  assert.deepEqual(report.faults, []);
  assert.equal(report.answers + report.aborted, 2_000);
  assert.ok(report.writes > 700 && report.aborted > 20, JSON.stringify(report));
});

interface Mutant {
  edits: Edit[];
  /** What the load meets: rows of others, or only refusals and writes that are half done. */
  meets: 'foreign' | 'faults';
  leaving?: number;
}

/** Each takes a rule of leases out of a copy of the kernel. */
const mutants: Record<string, Mutant> = {
  'a seal that is set once for a session, without a reset': {
    meets: 'foreign',
    edits: [
      ['wire.ts', "set_config('app.current_tenant_id', $1, true)", "set_config('app.current_tenant_id', $1, false)"],
      ['wire.ts', "text: 'reset all'", "text: 'select 1'"],
      ['opening.ts', 'const written =', 'const opened = new WeakSet<object>();\nconst written ='],
      [
        'opening.ts',
        '  const before = sealBytes(',
        '  if (opened.has(arguments[2])) return { before: Buffer.alloc(0), ahead: 0 };\n  opened.add(arguments[2]);\n  const before = sealBytes(',
      ],
    ],
  },
  'an opening that is made once and kept for everybody': {
    meets: 'foreign',
    edits: [
      ['opening.ts', 'const written =', 'let kept: any;\nconst written ='],
      ['opening.ts', '= seals.tenant(scope.tenantId);', '= (kept ??= seals.tenant(scope.tenantId));'],
    ],
  },
  'one scope for all requests': {
    meets: 'faults',
    edits: [
      [
        'scope.ts',
        'const storage = new AsyncLocalStorage<Held>();',
        'let held: Held | undefined;\nconst storage = { getStore: () => held, exit: <T>(work: () => T) => work(), run: <T>(next: Held, work: () => T) => { held = next; return work(); } };',
      ],
    ],
  },
  'leases that go back as they are when their client has left': {
    meets: 'faults',
    leaving: 0.5,
    edits: [
      ['connection.ts', "return !this.#lost && this.#inFlight === 0 && this.status === 'I';", 'return !this.#lost;'],
      ['lease.ts', 'await this.connection.cancel();', ''],
    ],
  },
};

for (const [name, { edits, meets, leaving }] of Object.entries(mutants)) {
  test(`the same load fails on a kernel with ${name}`, async () => {
    const real = await startTestServer();
    const agent = loadAgent();
    const made = await loadTenants(real, 4, agent);
    const server = await startOn(real.db, { start: await loadMutant(edits) });
    const tenants = [];
    for (const tenant of made) tenants.push(await asTenant(server, tenant, tenant.marker, agent));
    const report = await runLoad(server, tenants, { requests: 400, ...(leaving && { leaving }) });
    agent.destroy();
    assert.ok(report[meets].length > 0, JSON.stringify(report));
  });
}
