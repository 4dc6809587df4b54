import type { Scope } from './scope.ts';
import type { SealRing } from './seal.ts';
import { openingBytes } from './wire.ts';

interface WriteOpening {
  bytes: Buffer;
  renewAt: number;
  seals: SealRing;
  prepared: boolean;
}

// minted once per scope: the principal's seal holds the request id, so nobody else can use it
const written = new WeakMap<Scope, WriteOpening>();

/**
 * Makes what goes ahead of a scope's statement: `reset all`, the seal, for writes the sealed principal, and behind a
 * pooler the timeouts. `ahead` counts its statements.
 */
export function opening(
  seals: SealRing,
  scope: Scope,
  { prepared, timeouts }: { prepared: boolean; timeouts: Buffer | undefined },
  writes: boolean,
): { before: Buffer; ahead: number } {
  const before = sealBytes(seals, scope, prepared, writes);
  return timeouts === undefined ? { before, ahead: 2 } : { before: Buffer.concat([before, timeouts]), ahead: 3 };
}

function sealBytes(seals: SealRing, scope: Scope, prepared: boolean, writes: boolean): Buffer {
  if (!writes) {
    const { read } = seals.tenant(scope.tenantId);
    return prepared ? read.prepared : read.unnamed;
  }
  const cached = written.get(scope);
  if (cached !== undefined && cached.renewAt > Date.now() && cached.seals === seals && cached.prepared === prepared)
    return cached.bytes;
  const tenant = seals.tenant(scope.tenantId);
  const principal = seals.principal(scope.tenantId, scope.principal, scope.requestId);
  const bytes = openingBytes(prepared, tenant.text, principal.text);
  written.set(scope, { bytes, renewAt: Math.min(tenant.renewAt, principal.renewAt), seals, prepared });
  return bytes;
}
