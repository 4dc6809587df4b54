import { test } from 'node:test';
import net from 'node:net';
import { testDatabase } from '../src/testing.ts';
import { setTimeout as sleep } from 'node:timers/promises';
const TABLES = `
  create schema shop authorization bos_owner;
  set local role bos_owner;
  grant usage on schema shop to bos_app;
  create table shop.notes (id uuid primary key default gen_random_uuid(), body text);
  select tenancy.protect('shop.notes');`;
const log = console.log;
process.on('uncaughtException', (e) => log('UNCAUGHT', e.message));
test('repro', async () => {
  const db = await testDatabase({ tables: TABLES });
  const [a, b] = db.tenants;
  {
    const t = await db.tenancy({ connections: 2, multiplexed: 1, connection: { ...db.connection('bos_app'), statementTimeoutMs: 300 } });
    await t.withTenant(a, 's:x', async () => {
      try { let n = 0; for await (const _ of t.stream({ text: 'select generate_series(1,10000) n', values: [] }, { batch: 10 })) { if (n++ === 0) await sleep(700); } log('stream ended', n); } catch (e: any) { log('stream err', e.code, e.detail); }
      for (let i = 0; i < 3; i++) await t.query({ text: 'select 1', values: [] }, { writes: true }).then(() => log('next ok'), (e) => log('next ERR', e.code, e.detail));
      const br = (async () => { for await (const _ of t.stream({ text: 'select generate_series(1,10000) n', values: [] }, { batch: 10 })) { await sleep(700); break; } })();
      log('break:', await Promise.race([br.then(() => 'ok', (e) => e.code), sleep(1500).then(() => 'HANG')]), t.counters());
      for (let i = 0; i < 3; i++) { try { for await (const _ of t.stream({ text: 'select 1', values: [] }, { batch: 0 })); } catch (e: any) { log('batch 0', e.code, t.counters().leased); } if (t.counters().leased >= 1) break; }
    });
  }
  {
    const t = await db.tenancy({ connections: 2, multiplexed: 1 });
    await t.withTenant(a, 's:x', async () => {
      const many = Array.from({ length: 70000 }, (_, i) => i);
      const q = t.query({ text: `select ${many.map((i) => `$${i + 1}::int`).slice(0, 5).join('+')}`, values: many });
      log('70k', await Promise.race([q.then(() => 'ok', (e) => `${e.code} ${e.message}`), sleep(1500).then(() => 'HANG')]));
      log('after 70k', await Promise.race([t.query({ text: 'select 2', values: [] }).then(() => 'ok', (e) => `${e.code} ${e.message}`), sleep(1500).then(() => 'HANG')]));
      const cyc: any = {}; cyc.self = cyc;
      await t.transaction(async (tx) => {
        await tx.query({ text: 'insert into shop.notes (body) values ($1)', values: ['half'] });
        await tx.query({ text: 'insert into shop.notes (body) values ($1)', values: [cyc] }, { last: true });
      }).catch((e) => log('last', e.code, e.detail));
      log('rows after failed tx', (await t.query({ text: 'select body from shop.notes', values: [] }, { writes: true })).rows);
      await t.query({ text: 'insert into shop.notes (body) values ($1)', values: [cyc] }).catch((e) => log('cyc', e.code, e.detail));
      const s = new AbortController(); s.abort();
      let ran = false;
      await t.transaction(async () => { ran = true; }, { signal: s.signal }).catch((e) => log('aborted before', e.code, 'ran', ran));
    });
    // privileged
    await t.privileged('repro of a lost client', async (p) => p.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>({ text: 'select pg_backend_pid() pid', values: [] });
      await db.admin.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
      await sleep(200);
    })).catch((e) => log('priv', e.code));
    await t.end(); await t.end().catch((e) => log('end twice', e.message));
  }
  {
    // slow wire
    const c = db.connection('bos_app');
    let slow = false;
    const server = net.createServer((down) => {
      const up = net.connect(c.port, c.host);
      up.on('data', (d) => down.write(d)); up.on('error', () => {}); down.on('error', () => {}); up.on('close', () => down.destroy()); down.on('close', () => up.destroy());
      let chain = Promise.resolve();
      down.on('data', (d) => { chain = chain.then(async () => {
        const at = slow ? d.indexOf('begin') : -1;
        if (at >= 0) { const cut = at + 5 + 1 + 2; up.write(d.subarray(0, cut)); await sleep(100); up.write(d.subarray(cut)); }
        else up.write(d);
      }); });
    });
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', () => r()));
    const port = (server.address() as net.AddressInfo).port;
    const t = await db.tenancy({ connections: 1, multiplexed: 0, connection: { ...c, host: '127.0.0.1', port } });
    await t.withTenant(a, 's:x', () => t.query({ text: "select set_config('statement_timeout','20',false), set_config('app.current_tenant_id', current_setting('app.current_tenant_id'), false), set_config('app.current_principal', current_setting('app.current_principal'), false)", values: [] }, { writes: true }));
    slow = true;
    await t.withTenant(b, 's:y', () => t.transaction(async (tx) => { await tx.query({ text: "insert into shop.notes (body) values ('secret of B')", values: [] }); })).then(() => log('tx ok'), (e) => log('tx', e.code, e.detail));
    slow = false;
    log((await db.admin.query('select tenant_id, body from shop.notes')).rows, 'a', a, 'b', b);
    await t.end(); server.close();
  }
});
