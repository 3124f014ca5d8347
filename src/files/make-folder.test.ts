import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from './make-folder.js';

test('folders are made with those above them, once', () => {
  const top = mkdtempSync(join(tmpdir(), 'make-folder-'));
  try {
    const folder = join(top, 'a', 'b', 'c');
    makeFolder(folder, 0o700);
    makeFolder(folder);
    assert.ok(statSync(folder).isDirectory());
    writeFileSync(join(top, 'file'), '');
    assert.throws(() => makeFolder(join(top, 'file', 'inside')), { code: 'ENOTDIR' });
  } finally {
    rmSync(top, { recursive: true });
  }
});

test('a parent that takes no entries is an error, not an endless loop', {
  skip: !existsSync('/proc'),
}, () => {
  assert.throws(() => makeFolder('/proc/no/such/folder'), { code: 'ENOENT' });
});
