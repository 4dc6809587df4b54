/** What a careful developer writes by hand: Express and pg, the token checked, the tenant in the where clause. */

import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createTokenVerifier } from '@businessos/tenancy/express';
import express from 'express';
import pg from 'pg';
import { answerParent } from './http-child.ts';
import { listText } from './http-list.ts';

interface BareOptions {
  database: pg.PoolConfig;
  /** The public key of tokens, as the server publishes it. */
  key: JsonWebKey & { kid: string };
  issuer: string;
  audience: string;
}

const { database, key, issuer, audience } = JSON.parse(process.env['BENCH_BARE'] ?? '') as BareOptions;
const publicKey = createPublicKey({ key, format: 'jwk' });
const verify = createTokenVerifier({ keys: [{ kid: key.kid, key: publicKey }], issuer, audience });
const pool = new pg.Pool({ ...database, max: 8 });

interface Row {
  id: string;
  created_at: Date;
}

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/v1/contacts', async (request, response) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const { tid } = verify(token);
  const limit = Number(request.query['limit'] ?? 20);
  const { rows } = await pool.query<Row>({ name: 'contacts', text: listText, values: [tid, limit + 1] });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  const next = more ? Buffer.from(JSON.stringify([last.created_at, last.id])).toString('base64url') : null;
  response.json({ items, next });
});

const server = app.listen(0, () => {
  server.keepAliveTimeout = 65_000; // as the product has it: connections outlive the other's turn
  answerParent((server.address() as AddressInfo).port, async () => {
    server.closeAllConnections();
    await pool.end();
  });
});
