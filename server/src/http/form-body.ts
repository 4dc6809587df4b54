import type { IncomingMessage } from 'node:http';
import { headerValues } from './host.ts';
import { BodyError, readBytes } from './json-body.ts';
import { parseQuery } from './query.ts';

const MOST = 6_000;
const mediaType = /^application\/x-www-form-urlencoded[\t ]*(?:;[\t ]*charset=utf-8[\t ]*)?$/i;

/**
 * Reads a form of one of our pages: at most 6,000 bytes and 32 fields, each once. An absent body has no fields.
 * @throws BodyError or QueryError naming the field; ClientGone.
 */
export async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  const [type = '', ...others] = headerValues(request.rawHeaders, 'content-type');
  const bytes = await readBytes(request, MOST);
  if (bytes.length === 0) return {};
  if (others.length > 0 || !mediaType.test(type))
    throw new BodyError('media_type', 'content-type', 'is not that of a form', 'use the form of the page');
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of parseQuery(`?${bytes.toString('latin1')}`)) {
    if (name in fields) throw new BodyError('duplicate', name.slice(0, 100), 'is given twice', 'give it once');
    fields[name] = value;
  }
  return fields;
}
