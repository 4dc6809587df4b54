import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { NoTenantError, ScopeSwitchError, TenancyError } from './errors.ts';
import { parsePrincipal, parseRequestId, parseTenantId } from './ids.ts';

/** On whose behalf code runs: immutable, one tenant, one principal. */
export interface Scope {
  readonly tenantId: string;
  /** Who acts: `u:`, `k:`, `o:`, `j:` with a UUID, or `s:` with a name. */
  readonly principal: string;
  readonly requestId: string;
}

interface Held {
  readonly scope: Scope;
  /** Set inside a transaction's callback, where only the transaction's own `query` may be used. */
  readonly inTransaction: boolean;
}

// One storage for the whole process: a scope holds for every pool, whatever role that pool logs in with.
const storage = new AsyncLocalStorage<Held>();

/** Makes a scope from untrusted parts; throws RefusedError naming the part that has the wrong form. */
export function makeScope(tenantId: string, principal: string, requestId?: string): Scope {
  return Object.freeze({
    tenantId: parseTenantId(tenantId),
    principal: parsePrincipal(principal),
    requestId: requestId === undefined ? randomUUID() : parseRequestId(requestId),
  });
}

/**
 * Runs the callback in a scope. Inside another scope only the same tenant is allowed. The callback's promise is
 * awaited inside, so that a lazy query builder returned from it still runs in this scope.
 * @throws ScopeSwitchError when a scope of another tenant is active.
 */
export function runInScope<T>(scope: Scope, callback: () => T | Promise<T>): Promise<T> {
  const outer = storage.getStore();
  if (outer && outer.scope.tenantId !== scope.tenantId) throw new ScopeSwitchError('the new scope');
  return storage.run({ scope, inTransaction: outer?.inTransaction ?? false }, async () => await callback());
}

/** Runs the rest of a transaction's callback marked, so that a query beside the transaction is an error. */
export function runInTransaction<T>(scope: Scope, callback: () => Promise<T>): Promise<T> {
  return storage.run({ scope, inTransaction: true }, async () => await callback());
}

/** Runs the callback outside of any scope. */
export function runUnscoped<T>(callback: () => Promise<T>): Promise<T> {
  return storage.exit(callback);
}

/** Returns the active scope, or undefined. */
export function findScope(): Scope | undefined {
  return storage.getStore()?.scope;
}

/** Returns the active scope. @throws NoTenantError when there is none. */
export function currentScope(what = 'this'): Scope {
  const held = storage.getStore();
  if (held === undefined) throw new NoTenantError(what);
  return held.scope;
}

/**
 * Returns the active scope, for work on a connection of its own.
 * @throws NoTenantError; TenancyError IN_TRANSACTION inside a transaction's callback, where it would run beside it.
 */
export function scopeOfWork(what: string): Scope {
  const scope = currentScope(what);
  if (storage.getStore()?.inTransaction)
    throw new TenancyError('IN_TRANSACTION', `${what}: inside a transaction use the transaction's own query`);
  return scope;
}

/** Returns a function that gives (or throws) what `scopeOfWork` does now, however late and wherever it is called. */
export function scopeOfMaking(what: string): () => Scope {
  const made = AsyncLocalStorage.snapshot();
  return () => made(() => scopeOfWork(what));
}

/** Lets pass whoever has this tenant's scope or none. @throws ScopeSwitchError in the scope of another tenant. */
export function refuseOthers(scope: Scope, what: string): void {
  const user = storage.getStore()?.scope;
  if (user !== undefined && user.tenantId !== scope.tenantId) throw new ScopeSwitchError(what);
}
