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

/** Returns the bytes that open a scope's statement: `reset all`, the seal, and for writes the sealed principal. */
export function openings(seals: SealRing, scope: Scope, prepared: boolean, writes: boolean): Buffer {
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
