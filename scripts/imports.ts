/** Reads what a TypeScript file imports, with a parser, so that strings and comments that look like imports never count. */

import { type Program, parseSync, Visitor } from 'oxc-parser';

/** One import, re-export, dynamic import or `import('…')` type of a file. */
export type Import = {
  /** The text between the quotes; undefined where it is computed (`import(name)`). */
  readonly specifier: string | undefined;
  /** True where Node loads nothing: the whole statement is a type. `import { type A }` still loads the module. */
  readonly typeOnly: boolean;
  /** 1-based. */
  readonly line: number;
};

/**
 * Lists the imports of one file in the order of the text.
 * @throws Error naming path and line where the text does not parse.
 */
export function findImports(path: string, source: string): Import[] {
  const found: (Import & { start: number })[] = [];
  const add = (start: number, specifier: string | undefined, typeOnly: boolean): void => {
    found.push({ specifier, typeOnly, line: lineAt(source, start), start });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.start, node.source.value, node.importKind === 'type'),
    ExportAllDeclaration: (node) => add(node.start, node.source.value, node.exportKind === 'type'),
    ExportNamedDeclaration: (node) => {
      if (node.source) add(node.start, node.source.value, node.exportKind === 'type');
    },
    ImportExpression: (node) => {
      const { source: of } = node;
      add(node.start, of.type === 'Literal' && typeof of.value === 'string' ? of.value : undefined, false);
    },
    TSImportType: (node) => add(node.start, node.source.value, true),
  }).visit(parse(path, source).program);
  return found.sort((a, b) => a.start - b.start).map(({ start, ...entry }) => entry);
}

/** Blanks comments with spaces of the same length, so that offsets and lines stay. @throws as {@link findImports}. */
export function blankComments(path: string, source: string): string {
  let text = source;
  for (const { start, end } of parse(path, source).comments) {
    text = text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + text.slice(end);
  }
  return text;
}

/** Names the first syntax error of a text as `line 3: message`; undefined where there is none. */
export function findSyntaxError(path: string, source: string): string | undefined {
  const [error] = parseSync(path, source, { sourceType: 'module' }).errors;
  return error && `line ${lineAt(source, error.labels[0]?.start ?? 0)}: ${error.message}`;
}

/** 1-based line of an offset. */
export function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

function parse(path: string, source: string): { program: Program; comments: { start: number; end: number }[] } {
  const result = parseSync(path, source, { sourceType: 'module' });
  const [error] = result.errors;
  if (error) throw new Error(`${path}:${lineAt(source, error.labels[0]?.start ?? 0)} does not parse: ${error.message}`);
  return result;
}
