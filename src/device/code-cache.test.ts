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

test('what is kept is found by its key, in a folder that is ours alone', () => {
  const { cache, folder } = newCache();
  assert.equal(find(cache), undefined);
  const path = keep(cache);
  assert.equal(dirname(path), folder);
  assert.equal(find(cache), 'code');
  assert.equal(cache.find('other'), undefined);
});

test('a file whose content is not what its name says is removed, whatever put it there', () => {
  const { cache, folder } = newCache();
  const path = keep(cache);
  truncateSync(path, 2);
  assert.equal(find(cache), undefined);
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(join(folder, 'key-planted.so'), 'planted');
  writeFileSync(join(folder, `key-${digest('code')}.so`), 'planted');
  assert.equal(find(cache), undefined);
});

test('a folder is not trusted where others may write it or one above it', () => {
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

test('a sticky folder above it does no harm, as /tmp is one; the cache itself is none', () => {
  const { cache, above, folder } = newCache();
  keep(cache);
  chmodSync(above, 0o1777);
  assert.equal(find(cache), 'code');
  chmodSync(folder, 0o1777);
  assert.equal(find(cache), undefined);
});

const asRoot = { skip: process.getuid?.() !== 0 && 'only root can give files away' };

test("another user's folder or file is not trusted, in a sticky folder neither", asRoot, () => {
  for (const theirs of ['cache', 'cache/kernels', 'file']) {
    const { cache, above } = newCache();
    const path = keep(cache);
    chmodSync(above, 0o1777);
    chownSync(theirs === 'file' ? path : join(above, theirs), 12345, 12345);
    assert.equal(find(cache), undefined, theirs);
  }
});

test('a file that others may write is not trusted, nor a link', () => {
  const { cache, folder } = newCache();
  const path = keep(cache);
  chmodSync(path, 0o666);
  assert.equal(find(cache), undefined);
  assert.equal(keep(cache), path, 'it is written anew');
  assert.equal(find(cache), 'code');
  renameSync(path, join(folder, 'elsewhere'));
  symlinkSync('elsewhere', path);
  assert.equal(find(cache), undefined);
});

test('the folder that takes a file is the first that can', () => {
  const { above, folder } = newCache();
  mkdirSync(above);
  const file = join(above, 'file');
  writeFileSync(file, '');
  const cache = new CodeCache([join(file, 'cache'), folder], '.so');
  assert.equal(dirname(keep(cache)), folder);
  assert.equal(find(cache), 'code');
});

test('what is loaded is the file that was hashed, also where its path is another one by now', {
  skip: process.platform !== 'linux' && 'only Linux names open files by path',
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
