export type { ConnectionOptions } from './connection.ts';
export {
  AbortedError,
  AttestationError,
  fromDatabase,
  NoTenantError,
  PoolBusyError,
  RefusedError,
  ScopeSwitchError,
  TenancyError,
} from './errors.ts';
export { FairQueue, type FairQueueOptions } from './fair-queue.ts';
export { derivedId, isUuid } from './ids.ts';
export type { QueryForm } from './lease.ts';
export type { TenantClient, TenantPool } from './pg-pool.ts';
export type { PoolCounters } from './pool.ts';
export { Privileged, type Unscoped } from './privileged.ts';
export { currentScope, findScope, type Scope } from './scope.ts';
export { newSealKeys, type SealKeys } from './seal.ts';
export { identifier, joined, type Statement, sql } from './sql.ts';
export { createTenancy, type Tenancy, type TenancyOptions } from './tenancy.ts';
export type { Querier, Transaction, TransactionOptions } from './transaction.ts';
