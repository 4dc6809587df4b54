import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer, TestTenant } from '../harness.ts';
import { addPerson, signIn } from './person.ts';

/** Sends all of a request but the last byte of its body; what is returned sends that and returns status and code. */
export async function beginRequest(
  port: number,
  route: string,
  host: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<() => Promise<[status: number, code: string | undefined]>> {
  const text = JSON.stringify(body);
  const [method = '', path = ''] = route.split(' ');
  const lines = Object.entries({
    Host: host,
    ...headers,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text.slice(0, -1)}`);
  await sleep(200); // so that it is past everything that needs no body
  return async () => {
    socket.write(text.slice(-1));
    await ended;
    const answer = Buffer.concat(chunks).toString();
    return [Number(answer.slice(9, 12)), /"code":"(\w+)"/.exec(answer)?.[1]];
  };
}

/** Somebody who was removed while he was sending can neither invite himself again nor write anything. */
export async function checkRemovedWhileSending(server: TestServer, tenant: TestTenant): Promise<void> {
  const person = await addPerson(server, tenant.id, 'admin');
  const { access_token: token } = await signIn(server.port, person, tenant.slug);
  const headers = { Authorization: `Bearer ${token}` };
  const begin = (route: string, body: unknown) => beginRequest(server.port, route, tenant.host, headers, body);
  const requests = [
    await begin('POST /v1/invitations', { email: `again-${person.email}`, role: 'admin' }),
    await begin('POST /v1/contacts', { name: 'Too late' }),
  ];
  const { status } = await tenant.call('DELETE /v1/members/{id}', { params: { id: person.id } });
  assert.equal(status, 204);
  for (const finish of requests) assert.deepEqual(await finish(), [401, 'CREDENTIAL_INVALID']);
}
