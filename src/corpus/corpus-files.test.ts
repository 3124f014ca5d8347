import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { corpusFiles } from './corpus-files.js';
import type { CorpusFormat } from './formats.js';

const scratch = mkdtempSync(join(tmpdir(), 'corpus-files-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let folders = 0;
function folderOf(...files: readonly string[]): string {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'x');
  }
  return folder;
}

function found(folder: string, paths: readonly string[], format: CorpusFormat | 'auto' = 'auto') {
  const { files, skipped } = corpusFiles(
    paths.map((path) => join(folder, path)),
    format,
  );
  const inFolder = (path: string) => path.slice(folder.length + 1);
  return { files: files.map(({ path }) => inFolder(path)), skipped: skipped.map(inFolder) };
}

const refused = (folder: string, path: string, format: CorpusFormat | 'auto' = 'auto'): string =>
  refusal('data', () => corpusFiles([join(folder, path)], format)).replaceAll(folder, '');

describe('corpusFiles', () => {
  it('searches folders recursively in order of name, without hidden and unknown files', () => {
    const folder = folderOf(
      'b.jsonl',
      'a.json',
      'c/d/e.TSV',
      'c/a.ndjson',
      'README.md',
      '.hidden.json',
      '.git/x.json',
    );
    assert.deepEqual(found(folder, ['']), {
      files: ['a.json', 'b.jsonl', 'c/a.ndjson', 'c/d/e.TSV'],
      skipped: ['README.md'],
    });
  });

  it('takes named files with any extension, in the given order', () => {
    const folder = folderOf('b.txt', 'a.json');
    assert.deepEqual(found(folder, ['b.txt', 'a.json']), { files: ['b.txt', 'a.json'], skipped: [] });
  });

  it('lists no file twice and stops at cycles of links', () => {
    const folder = folderOf('a.json', 'sub/b.json');
    symlinkSync('..', join(folder, 'sub/up'));
    symlinkSync('a.json', join(folder, 'again.json'));
    symlinkSync('nowhere', join(folder, 'broken.json'));
    symlinkSync('itself.json', join(folder, 'itself.json'));
    assert.deepEqual(found(folder, ['sub/b.json', '', 'a.json']), {
      files: ['sub/b.json', 'a.json'],
      skipped: ['broken.json', 'itself.json'],
    });
  });

  it('recognizes a Cornell folder by the folder or by either of its files', () => {
    const folder = folderOf(
      'c/movie_lines.txt',
      'c/movie_conversations.txt',
      'c/README.txt',
      'd/movie_lines.txt',
    );
    assert.deepEqual(found(folder, ['']), { files: ['c'], skipped: ['c/README.txt', 'd/movie_lines.txt'] });
    assert.deepEqual(found(folder, ['c/movie_lines.txt', 'c/movie_conversations.txt']).files, ['c']);
    assert.deepEqual(found(folder, ['d/movie_lines.txt']).files, ['d/movie_lines.txt']);
    assert.deepEqual(found(folder, ['d'], 'cornell').files, ['d']);
  });

  it('looks only for extensions of the given format', () => {
    const folder = folderOf('a.json', 'b.tsv', 'movie_lines.txt', 'movie_conversations.txt');
    assert.deepEqual(found(folder, [''], 'tsv').files, ['b.tsv']);
    assert.deepEqual(found(folder, [''], 'turns').files, ['a.json']);
    assert.deepEqual(found(folder, [''], 'cornell').files, ['']);
  });

  it('refuses a missing path, and a folder with no file to read', () => {
    const folder = folderOf('a/notes.txt', 'b/.hidden');
    assert.equal(refused(folder, 'c'), '/c does not exist; check the path');
    assert.match(
      refused(folder, 'a'),
      /^\/a has no file that ends in \.json, \.jsonl, \.ndjson, \.tsv, only notes\.txt; convert the files to .*, or name a single file to read it regardless of its extension$/,
    );
    assert.match(
      refused(folder, 'b'),
      /^\/b has no file that ends in .*; put conversations in it, or name another folder$/,
    );
  });
});
