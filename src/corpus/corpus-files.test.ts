import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { UserError } from '../errors.js';
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

function refusal(folder: string, path: string, format: CorpusFormat | 'auto' = 'auto'): string {
  let message = '';
  assert.throws(
    () => corpusFiles([join(folder, path)], format),
    (thrown) => {
      assert.ok(thrown instanceof UserError);
      message = thrown.message.replaceAll(folder, '');
      return true;
    },
  );
  return message;
}

describe('corpusFiles', () => {
  it('goes through folders by name, all the way down, past hidden and unknown files', () => {
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

  it('takes a file that is named, whatever it is called, in the order given', () => {
    const folder = folderOf('b.txt', 'a.json');
    assert.deepEqual(found(folder, ['b.txt', 'a.json']), { files: ['b.txt', 'a.json'], skipped: [] });
  });

  it('reads nothing twice and runs in no circle', () => {
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

  it('knows a Cornell folder, and either of its files', () => {
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

  it('looks only for files that a forced format can be in', () => {
    const folder = folderOf('a.json', 'b.tsv', 'movie_lines.txt', 'movie_conversations.txt');
    assert.deepEqual(found(folder, [''], 'tsv').files, ['b.tsv']);
    assert.deepEqual(found(folder, [''], 'turns').files, ['a.json']);
    assert.deepEqual(found(folder, [''], 'cornell').files, ['']);
  });

  it('refuses a path that is not there, and a folder with nothing to read', () => {
    const folder = folderOf('a/notes.txt', 'b/.hidden');
    assert.equal(refusal(folder, 'c'), '/c does not exist; check the path');
    assert.match(
      refusal(folder, 'a'),
      /^\/a has no file that ends in \.json, \.jsonl, \.ndjson, \.tsv, only notes\.txt; convert them to .*, or name a file itself to have it read whatever its ending$/,
    );
    assert.match(
      refusal(folder, 'b'),
      /^\/b has no file that ends in .*; put conversations in it, or name another folder$/,
    );
  });
});
