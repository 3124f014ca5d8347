import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../errors.js';
import { readText } from './read-file.js';

const folder = mkdtempSync(join(tmpdir(), 'read-file-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const read = (path: string): string => readText(path, { code: 'config-unreadable', mostBytes: 10 });

function refuses(path: string, sentence: RegExp): void {
  assert.throws(
    () => read(path),
    (thrown) =>
      thrown instanceof UserError && thrown.code === 'config-unreadable' && sentence.test(thrown.message),
  );
}

test('text is read without its byte order mark', () => {
  writeFileSync(at('text'), '\ufeffabc');
  assert.equal(read(at('text')), 'abc');
  writeFileSync(at('empty'), '');
  assert.equal(read(at('empty')), '');
});

test('only a regular file is read, and nothing is waited for', () => {
  execFileSync('mkfifo', [at('pipe')]);
  symlinkSync('round', at('round'));
  refuses(at('pipe'), / is not a regular file; check the path$/);
  refuses('/dev/zero', /^\/dev\/zero is not a regular file; check the path$/);
  refuses(folder, / is not a regular file; check the path$/);
  refuses(at('none'), / does not exist; check the path$/);
  refuses(at('round'), / is a link that leads back to itself; check the path$/);
});

test('what is too large or no text is refused', () => {
  writeFileSync(at('large'), 'x'.repeat(11));
  writeFileSync(at('latin'), Buffer.from([0xe9]));
  writeFileSync(at('zero'), '\0');
  refuses(at('large'), / has 11 bytes, more than the 10 that are read$/);
  refuses(at('latin'), / is not UTF-8 text; save it as UTF-8$/);
  refuses(at('zero'), / is not UTF-8 text; save it as UTF-8$/);
});
