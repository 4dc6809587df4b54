import { randomUUID } from 'node:crypto';
import type { BlockList } from 'node:net';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { type Host, type HostOptions, parseHost } from '../http/host.ts';
import { ClientGone } from '../http/json-body.ts';
import { type Web, webOf } from '../http/web.ts';
import { sendProblem } from './answer.ts';

/** One request on its way through the gateway. */
export interface Exchange {
  id: string;
  started: number;
  host: Host;
  path: string;
  query: string;
  web: Web;
  tenant?: string;
}

export function openExchange(request: Request, host: HostOptions, trusted: BlockList): Exchange {
  const id = randomUUID();
  return {
    id,
    started: performance.now(),
    host: parseHost(request.rawHeaders, host),
    path: '',
    query: '',
    web: webOf(request, id, trusted),
  };
}

export function exchangeOf(response: Response): Exchange {
  return response.locals['exchange'] as Exchange;
}

/** Answers a problem, unless there is nobody left to answer. */
export function refuse(log: Logger, response: Response, error: unknown): void {
  if (error instanceof ClientGone || (error as { code?: string }).code === 'ABORTED') {
    response.destroy();
    return;
  }
  const { id } = exchangeOf(response);
  note(log, response, sendProblem(response, id, error));
}

/** Logs what a refusal says to an operator beyond its code. */
export function note(
  log: Logger,
  response: Response,
  { code, detail, unexpected }: { code: string; detail: string | undefined; unexpected: boolean },
): void {
  const { id, tenant } = exchangeOf(response);
  response.locals['code'] = code;
  if (unexpected) log.error({ requestId: id, tenant, detail }, 'request failed');
  else if (detail !== undefined) log.debug({ requestId: id, tenant, code, detail }, 'request refused');
}

export function logWhenDone(log: Logger, exchange: Exchange, request: Request, response: Response): void {
  response.once('close', () => {
    const { id, tenant, started } = exchange;
    const ms = Math.round((performance.now() - started) * 10) / 10;
    // without the query and odd or long segments: they may hold names of people, or a token
    const path = exchange.path.replace(/[^/]*[^/A-Za-z0-9._-][^/]*|[^/]{40,}/g, '…');
    log.info(
      {
        requestId: id,
        tenant,
        method: request.method,
        path,
        status: response.statusCode,
        code: response.locals['code'],
        ms,
        aborted: response.writableFinished ? undefined : true,
      },
      'request',
    );
  });
}

/** Aborts when the client went away before its answer was written. */
export function gone(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
