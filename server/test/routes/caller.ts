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
  const from = fromNewAddress();
  if (place === 'operator') return { host, token: server.operator, headers: [from], member: undefined };
  if (permission === 'public') return { host, token: null, headers: [from], member: undefined };
  const member = await addMember(stage, home, 'owner');
  if (place === 'tenant') return { host, token: member.token, headers: [from], member };
  return { host, token: null, headers: [from, ['Cookie', member.login], ['Origin', `http://${host}`]], member };
}

/** Calls a route as whoever may, with its sample changed as the test wants. */
export async function callRightly<K extends RouteKey>(
  stage: Stage,
  key: K,
  change: (input: CallInput) => CallInput = (input) => input,
): Promise<Answer<K>> {
  const { member, headers, ...caller } = await callerOf(stage, key);
  const input = change(await samples[key](stage, member));
  const sent = { ...caller, ...input, headers: [...headers, ...(input.headers ?? [])] };
  return await callRoute(stage.server.port, key, sent);
}
