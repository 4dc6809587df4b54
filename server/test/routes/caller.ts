import { type Route, type RouteKey, routes } from '@businessos/contract';
import { type Answer, type CallInput, callRoute } from '../client.ts';
import { samples } from './samples.ts';
import { addMember, fromNewAddress, type Member, type Stage } from './stage.ts';

/** Whoever may call a route: a new owner of `home`, his browser at `id`, the operator, or nobody in particular. */
export interface Caller {
  host: string;
  token: string | null;
  headers: readonly (readonly [string, string])[];
  member: Member | undefined;
}

export async function callerOf(stage: Stage, key: RouteKey): Promise<Caller> {
  const { server, home } = stage;
  const { host: place, permission }: Route = routes[key];
  const host = place === 'tenant' || place === 'any' ? home.host : `${place}.bos.localhost:${server.port}`;
  if (place === 'operator') return { host, token: server.operator, headers: [], member: undefined };
  if (permission === 'public') return { host, token: null, headers: [], member: undefined };
  const member = await addMember(stage, home, 'owner');
  if (place === 'tenant') return { host, token: member.token, headers: [], member };
  return {
    host,
    token: null,
    headers: [
      ['Cookie', member.login],
      ['Origin', `http://${host}`],
    ],
    member,
  };
}

/** Sends a route's request, changed as a test wants. */
type Send<K extends RouteKey> = (change?: (input: CallInput) => CallInput) => Promise<Answer<K>>;

/** Makes whoever may call a route, and its sample; each call of the result comes from an address of its own. */
export async function prepareRightly<K extends RouteKey>(stage: Stage, key: K): Promise<Send<K>> {
  const { member, headers, ...caller } = await callerOf(stage, key);
  const sample = await samples[key](stage, member);
  return async (change = (input) => input) => {
    const input = change(sample);
    const sent = { ...caller, ...input, headers: [fromNewAddress(), ...headers, ...(input.headers ?? [])] };
    return await callRoute(stage.server.port, key, sent);
  };
}
