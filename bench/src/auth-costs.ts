import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { Feed, parseHost } from '@businessos/server';
import { createTokenVerifier, signToken } from '@businessos/tenancy/express';
import { jwtVerify } from 'jose';
import { ownCpuUs } from './cpu.ts';

const ISSUER = 'https://id.bos.localhost';
const { privateKey } = generateKeyPairSync('ed25519');
const publicKey = createPublicKey(privateKey);
const subjects = [`t:${randomUUID()}`, `m:${randomUUID()}:${randomUUID()}`, `p:${randomUUID()}`, `l:${randomUUID()}`];

/** What is measured by itself, as microseconds of CPU for one. */
export type Cost = 'token, cached' | 'token, cold' | 'jose, every time' | 'revocation check' | 'Host parser';

/** Makes the acts; each measures so many of its kind. */
export async function authCosts(): Promise<Record<Cost, (count: number) => Promise<number>>> {
  const now = Math.floor(Date.now() / 1000);
  const token = (sub: string) =>
    signToken(
      { kid: '0123456789ab', key: privateKey },
      {
        ...{ iss: ISSUER, aud: 'bos', sub, tid: randomUUID(), lid: randomUUID(), role: 'member' },
        ...{ rev: 4711, gen: randomUUID(), iat: now, exp: now + 300 },
      },
    );
  const tokens = Array.from({ length: 2_000 }, () => token(randomUUID()));
  const verifier = () =>
    createTokenVerifier({ keys: [{ kid: '0123456789ab', key: publicKey }], issuer: ISSUER, audience: 'bos' });
  const warm = verifier();
  for (const one of tokens) warm(one);
  const feed = await feedOf(10_000);
  const headers = ['Host', 'nordwind.bos.localhost:8080', 'User-Agent', 'bench', 'Accept', 'application/json'];
  const host = { baseDomain: 'bos.localhost', port: 8080, production: false };
  const each = (act: (at: number) => unknown) => async (count: number) => {
    const started = ownCpuUs();
    for (let at = 0; at < count; at++) await act(at);
    return (ownCpuUs() - started) / count;
  };
  const plain = (act: (at: number) => unknown) => async (count: number) => {
    const started = ownCpuUs();
    for (let at = 0; at < count; at++) act(at);
    return (ownCpuUs() - started) / count;
  };
  return {
    'token, cached': plain((at) => warm(tokens[at % tokens.length] as string)),
    'token, cold': async (count) => {
      const cold = verifier();
      return await plain((at) => cold(tokens[at % tokens.length] as string))(Math.min(count, tokens.length));
    },
    'jose, every time': async (count) =>
      await each((at) =>
        jwtVerify(tokens[at % tokens.length] as string, publicKey, {
          issuer: ISSUER,
          audience: 'bos',
          algorithms: ['EdDSA'],
        }),
      )(Math.min(count, tokens.length)),
    'revocation check': plain(() => feed.isStale(feed.head, subjects)),
    'Host parser': plain(() => parseHost(headers, host)),
  };
}

/** A feed that knows so many events. */
async function feedOf(events: number): Promise<Feed> {
  const gen = randomUUID();
  const feed = new Feed({
    read: async () => ({
      rev: events,
      gen,
      events: Array.from({ length: events }, (_, at) => ({ seq: at + 1, subject: `l:${randomUUID()}` })),
    }),
    newGeneration: async () => {},
  });
  await feed.poll();
  return feed;
}
