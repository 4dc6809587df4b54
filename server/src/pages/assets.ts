import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';

/** A file that pages load. Its path names its content, so it may be kept for ever: `immutable`, a year. */
export interface Asset {
  readonly file: Buffer;
  /** The value of its Content-Type. */
  readonly type: string;
}

type Name = 'tokens.css' | 'pages.css' | 'favicon.svg' | 'inter-latin.woff2' | 'inter-latin-ext.woff2';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const paths = new Map<string, string>();
const served = new Map<string, Asset>();

const fonts = {
  'inter-latin.woff2': import.meta.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
  'inter-latin-ext.woff2': import.meta.resolve('@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2'),
};
for (const [name, url] of Object.entries(fonts)) add(name, readFileSync(new URL(url)));
for (const name of ['favicon.svg', 'tokens.css'] as const) add(name, own(name));
add('pages.css', Buffer.concat(['page-frame.css', 'page-forms.css', 'pages.css'].map(own)));

/** Everything below /assets/ by its path, read once; a path that is not here is missing and must be a 404. */
export const assets: ReadonlyMap<string, Asset> = served;

/** The path of a file, with the hash of its content in the name. */
export function assetPath(name: Name): string {
  const path = paths.get(name);
  if (path === undefined) throw new Error(`no asset ${name}`);
  return path;
}

function own(name: string): Buffer {
  return readFileSync(new URL(`../../assets/${name}`, import.meta.url));
}

/** Takes a file in; a style sheet names others by `url("name")`, which must be in already. */
function add(name: string, content: Buffer): void {
  const extension = extname(name);
  const file =
    extension === '.css'
      ? Buffer.from(
          content.toString().replace(/url\("([\w.-]+)"\)/g, (_, other: string) => `url("${assetPath(other as Name)}")`),
        )
      : content;
  const hash = createHash('sha256').update(file).digest('base64url').slice(0, 12);
  const path = `/assets/${basename(name, extension)}.${hash}${extension}`;
  paths.set(name, path);
  served.set(path, { file, type: TYPES[extension] ?? 'application/octet-stream' });
}
