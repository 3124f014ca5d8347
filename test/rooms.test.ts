// The order of rooms that docs/architecture.md shows, held: an import leads to the same room or to one above it in the
// table, type imports included. Tests may look at any room. No file imports itself through others.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { repositoryRoot } from './repository.js';

const map = readFileSync(join(repositoryRoot, 'docs/architecture.md'), 'utf8');
const table = /## Rooms\n[\s\S]*?\n\|---[^\n]*\n((?:\|.*\n)+)/.exec(map)?.[1] ?? '';
const rooms = table
  .split('\n')
  .map((row) => [...(row.split('|')[1] ?? '').matchAll(/`([\w.-]+)\/?`/g)].map(([, name]) => name));

const source = join(repositoryRoot, 'src/');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
/** The files that each imports, as paths below src/. */
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const specifiers = text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'(\.{1,2}\/[^']+)\.js'/gm);
  return [...specifiers].map(([, to = '']) => join(file, '..', `${to}.ts`).replaceAll('\\', '/'));
}

const rankOf = (file: string) => rooms.findIndex((names) => names.includes(file.split('/')[0] ?? ''));

it('gives every file a room', () => {
  assert.deepEqual(
    files.filter((file) => rankOf(file) < 0),
    [],
  );
});

it('lets no file import from a room that comes after its own, or from the tests', () => {
  const isAllowed = (file: string, to: string) => rankOf(to) >= 0 && rankOf(to) <= rankOf(file);
  const forbidden = [...imports].flatMap(([file, targets]) =>
    targets.filter((to) => !isAllowed(file, to)).map((to) => `${file} imports ${to}`),
  );
  assert.deepEqual(forbidden, []);
});

it('lets no file import itself through others', () => {
  const settled = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) assert.fail(`a circle of imports: ${[...path, file].join(' -> ')}`);
    if (settled.has(file)) return;
    for (const to of imports.get(file) ?? []) visit(to, [...path, file]);
    settled.add(file);
  };
  for (const file of files) visit(file, []);
});
