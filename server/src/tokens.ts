import { signToken } from '@businessos/tenancy/express';
import type { Config } from './config.ts';
import { tokenKey } from './key-files.ts';

export const TENANT_AUDIENCE = 'bos';
export const OPERATOR_AUDIENCE = 'bos-operator';

/** The issuer of this installation's tokens. */
export function issuerOf(config: Pick<Config, 'baseDomain'>): string {
  return `https://id.${config.baseDomain}`;
}

/** Signs a token of a member for one tenant; `seconds` at most one day. */
export function tenantToken(
  config: Config,
  member: { personId: string; tenantId: string; role: string },
  seconds: number,
): string {
  return token(config, TENANT_AUDIENCE, { sub: member.personId, tid: member.tenantId, role: member.role }, seconds);
}

/** Signs a token of an operator. */
export function operatorToken(config: Config, operatorId: string, seconds: number): string {
  return token(config, OPERATOR_AUDIENCE, { sub: operatorId }, seconds);
}

function token(
  config: Config,
  aud: string,
  claims: { sub: string; tid?: string; role?: string },
  seconds: number,
): string {
  const iat = Math.floor(Date.now() / 1000);
  return signToken(tokenKey(config.dataDir), { iss: issuerOf(config), aud, ...claims, iat, exp: iat + seconds });
}
