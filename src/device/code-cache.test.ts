import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { CodeCache, digest, loadablePath } from './code-cache.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'code-cache-')));
after(() => rmSync(root, { recursive: true, force: true }));

let caches = 0;
function newCache() {
  const above = join(root, String(caches++));
  const folder = join(above, 'cache', 'kernels');
  return { above, folder, cache: new CodeCache([folder], '.so') };
}

const code = Buffer.from('code');

function keep(cache: CodeCache, content: Uint8Array = code): string {
  const kept = cache.keep('key', content);
  assert.ok('path' in kept, JSON.stringify(kept));
  closeSync(kept.descriptor);
  return kept.path;
}

function find(cache: CodeCache): string | undefined {
  const found = cache.find('key');
  if (found === undefined) return undefined;
  closeSync(found.descriptor);
  return Buffer.from(found.content).toString();
}

test('a kept file is found by its key, in a folder that only the user can write to', () => {
  const { cache, folder } = newCache();
  assert.equal(find(cache), undefined);
  const path = keep(cache);
  assert.equal(dirname(path), folder);
  assert.equal(find(cache), 'code');
  assert.equal(cache.find('other'), undefined);
});

test('a file whose content does not match its name is removed', () => {
  const { cache, folder } = newCache();
  const path = keep(cache);
  truncateSync(path, 2);
  assert.equal(find(cache), undefined);
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(join(folder, 'key-planted.so'), 'planted');
  writeFileSync(join(folder, `key-${digest('code')}.so`), 'planted');
  assert.equal(find(cache), undefined);
});

test('a folder is not trusted if others can write to it or to a folder above it', () => {
  for (const shared of ['cache/kernels', 'cache', '.']) {
    const { cache, above } = newCache();
    keep(cache);
    for (const mode of [0o777, 0o770, 0o707]) {
      chmodSync(join(above, shared), mode);
      assert.equal(find(cache), undefined, `${shared} ${mode.toString(8)}`);
      const kept = cache.keep('key', code);
      assert.ok('refusals' in kept && /other users may write/.test(kept.refusals.join()));
    }
    chmodSync(join(above, shared), 0o755);
    assert.equal(find(cache), 'code');
  }
});

test('a sticky folder such as /tmp may be above the cache, but the cache itself must not be one', () => {
  const { cache, above, folder } = newCache();
  keep(cache);
  chmodSync(above, 0o1777);
  assert.equal(find(cache), 'code');
  chmodSync(folder, 0o1777);
  assert.equal(find(cache), undefined);
});

const asRoot = { skip: process.getuid?.() !== 0 && 'only root can give files away' };

test("another user's folder or file is not trusted, even in a sticky folder", asRoot, () => {
  for (const theirs of ['cache', 'cache/kernels', 'file']) {
    const { cache, above } = newCache();
    const path = keep(cache);
    chmodSync(above, 0o1777);
    chownSync(theirs === 'file' ? path : join(above, theirs), 12345, 12345);
    assert.equal(find(cache), undefined, theirs);
  }
});

test('a file that others can write to is not trusted, and neither is a link', () => {
  const { cache, folder } = newCache();
  const path = keep(cache);
  chmodSync(path, 0o666);
  assert.equal(find(cache), undefined);
  assert.equal(keep(cache), path, 'it is written again');
  assert.equal(find(cache), 'code');
  renameSync(path, join(folder, 'elsewhere'));
  symlinkSync('elsewhere', path);
  assert.equal(find(cache), undefined);
});

test('a file goes to the first folder that can store it', () => {
  const { above, folder } = newCache();
  mkdirSync(above);
  const file = join(above, 'file');
  writeFileSync(file, '');
  const cache = new CodeCache([join(file, 'cache'), folder], '.so');
  assert.equal(dirname(keep(cache)), folder);
  assert.equal(find(cache), 'code');
});

test('the file that is loaded is the one that was hashed, even if its path now leads to another file', {
  skip: process.platform !== 'linux' && 'only Linux has paths for open descriptors',
}, () => {
  const { cache } = newCache();
  keep(cache);
  const found = cache.find('key');
  assert.ok(found);
  writeFileSync(`${found.path}.planted`, 'planted');
  renameSync(`${found.path}.planted`, found.path);
  assert.equal(readFileSync(loadablePath(found), 'utf8'), 'code');
  closeSync(found.descriptor);
});
