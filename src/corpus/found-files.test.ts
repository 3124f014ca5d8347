import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { foundFiles, siblingsOf } from './found-files.js';
import { folderReaders } from './readers.js';

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

function found(folder: string, paths: readonly string[], format: string = 'auto') {
  const { items, skipped } = foundFiles(
    paths.map((path) => join(folder, path)),
    format,
  );
  const inFolder = (path: string) => path.slice(folder.length + 1);
  const files = items.map((item) => inFolder(item.kind === 'file' ? item.source.path : item.folder.path));
  return { files, skipped: skipped.map(({ path, reason }) => [inFolder(path), reason]) };
}

const refused = (folder: string, path: string, format: string = 'auto'): string =>
  refusal('data', () => foundFiles([join(folder, path)], format)).replaceAll(folder, '');

describe('siblingsOf', () => {
  for (const { format, example, claims, hasWholeFiles } of folderReaders)
    it(`is what a file of ${format} is read with`, () => {
      const claimed = claims([...new Set(Object.keys(example).map((name) => name.replace(/\/.*/, '')))]);
      const folder = folderOf(...Object.keys(example));
      for (const name of claimed) {
        const others = hasWholeFiles ? [] : claimed.filter((other) => other !== name);
        const siblings = siblingsOf(join(folder, name), 'auto');
        assert.deepEqual([...siblings].sort(), others.map((other) => join(folder, other)).sort());
      }
    });

  it('is nothing for a file in another format, and for a folder', () => {
    const folder = folderOf('movie_lines.txt', 'movie_conversations.txt');
    assert.deepEqual(siblingsOf(folder, 'auto'), []);
    assert.deepEqual(siblingsOf(join(folder, 'movie_lines.txt'), 'json'), []);
    assert.equal(siblingsOf(join(folder, 'movie_lines.txt'), 'cornell').length, 1);
  });
});

describe('foundFiles', () => {
  it('searches folders recursively in order of name, without hidden files', () => {
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
      files: ['README.md', 'a.json', 'b.jsonl', 'c/a.ndjson', 'c/d/e.TSV'],
      skipped: [],
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
      skipped: [
        ['broken.json', 'a broken link'],
        ['itself.json', 'a broken link'],
      ],
    });
  });

  it('recognizes a Cornell folder by the folder or by either of its files', () => {
    const folder = folderOf(
      'c/movie_lines.txt',
      'c/movie_conversations.txt',
      'c/README.txt',
      'd/movie_lines.txt',
    );
    assert.deepEqual(found(folder, ['']).files, ['c', 'c/README.txt', 'd/movie_lines.txt']);
    assert.deepEqual(found(folder, ['c/movie_lines.txt', 'c/movie_conversations.txt']).files, ['c']);
    assert.deepEqual(found(folder, ['d/movie_lines.txt']).files, ['d/movie_lines.txt']);
  });

  it('refuses a missing path', () => {
    assert.equal(refused(folderOf('a/notes.txt'), 'c'), '/c does not exist; check the path');
  });
});
