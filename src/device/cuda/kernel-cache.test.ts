// The cache of compiled kernels, with a fake compiler that only records what it is given.

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type KernelOptions, kernelImage } from './kernel-cache.js';

const root = mkdtempSync(join(tmpdir(), 'kernel-cache-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** The image spells out the compiler's inputs, so that a wrong image shows. */
class FakeCompiler {
  path = '/lib/libnvrtc.so.13';
  version = '13.0';
  readonly architectures = [80, 90];
  compilations = 0;

  compile(source: string, name: string, options: readonly string[]) {
    this.compilations++;
    const said = JSON.stringify([source, name, options, this.version, this.path]);
    return { image: new Uint8Array(Buffer.from(said)), log: '' };
  }
}

let folders = 0;
/** A compiler, a source, and caches in a new folder. */
function environment() {
  const folder = join(root, String(folders++));
  const [sources, temporary] = [join(folder, 'sources'), join(folder, 'tmp')];
  for (const made of [sources, temporary]) mkdirSync(made, { recursive: true });
  writeFileSync(join(sources, 'scalar.cuh'), 'typedef float scalar;\n');
  writeFileSync(join(sources, 'rows.cu'), 'extern "C" __global__ void sum() {}\n');
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), TMPDIR: temporary };
  const compiler = new FakeCompiler();
  const image = (options: Partial<KernelOptions> = {}) =>
    kernelImage(compiler, 'rows.cu', {
      computeCapability: [9, 0],
      defines: { SCALAR: 'float' },
      env,
      folder: sources,
      ...options,
    });
  /** The image, and whether it was compiled. */
  const build = (options: Partial<KernelOptions> = {}) => {
    const before = compiler.compilations;
    const text = Buffer.from(image(options)).toString();
    return { text, compiled: compiler.compilations > before };
  };
  const cache = join(folder, 'cache', 'chatbot-train', 'kernels');
  /** The path of the only image in the cache. */
  const kept = () => {
    const [name = '', ...others] = readdirSync(cache);
    assert.deepEqual(others, []);
    return join(cache, name);
  };
  return { sources, cache, temporary, compiler, build, kept };
}

test('an image is compiled once and found in the cache afterwards', () => {
  const { build, kept } = environment();
  const first = build();
  assert.ok(first.compiled);
  assert.equal(readFileSync(kept(), 'utf8'), first.text);
  assert.deepEqual(build(), { text: first.text, compiled: false });
});

test('a different source, prelude, option, card, compiler or version gives a different image, and the first one stays', () => {
  const { sources, compiler, build } = environment();
  const texts = new Set([build().text]);
  const changed = (what: string, options: Partial<KernelOptions> = {}) => {
    const { text, compiled } = build(options);
    assert.ok(compiled && !texts.has(text), what);
    texts.add(text);
    assert.deepEqual(build(options), { text, compiled: false }, `${what}, again`);
  };
  changed('a define', { defines: { SCALAR: 'bf16' } });
  changed('a further define', { defines: { SCALAR: 'float', HEAD_SIZE: 64 } });
  changed('a card', { computeCapability: [8, 0] });
  compiler.version = '13.1';
  changed('a version');
  // An emulator reports the version that it emulates.
  compiler.version = '13.0';
  compiler.path = '/elsewhere/libnvrtc.so.13';
  changed('a compiler');
  compiler.path = '/lib/libnvrtc.so.13';
  assert.ok(!build().compiled, 'what it was at first');
  writeFileSync(join(sources, 'rows.cu'), 'extern "C" __global__ void other() {}\n');
  changed('a source');
  writeFileSync(join(sources, 'scalar.cuh'), 'typedef double scalar;\n');
  changed('the prelude');
});

test('a damaged image is recompiled and replaced', () => {
  const { build, kept } = environment();
  const whole = build();
  const damages: readonly ((path: string) => void)[] = [
    (path) => truncateSync(path, 10),
    (path) => truncateSync(path, 0),
    (path) => writeFileSync(path, whole.text.replace('float', 'flout')),
  ];
  for (const damage of damages) {
    const path = kept();
    damage(path);
    assert.deepEqual(build(), whole);
    assert.equal(readFileSync(path, 'utf8'), whole.text);
    assert.equal(kept(), path);
    assert.ok(!build().compiled);
  }
});

test('a cache that others can write is neither read nor written', () => {
  const { cache, temporary, build, kept } = environment();
  const { text } = build();
  const path = kept();
  chmodSync(cache, 0o777);
  assert.deepEqual(build(), { text, compiled: true });
  assert.equal(kept(), path);
  // The next cache folder, which only we can write, holds it now.
  assert.equal(readdirSync(temporary).length, 1);
  assert.deepEqual(build(), { text, compiled: false });
});

test('without a writable cache, kernels are still compiled', () => {
  const { cache, temporary, build } = environment();
  rmSync(temporary, { recursive: true });
  for (const file of [temporary, join(cache, '../..')]) writeFileSync(file, 'no folder');
  const { text, compiled } = build();
  assert.ok(compiled);
  assert.deepEqual(build(), { text, compiled: true });
  assert.ok(!existsSync(cache));
});

test('onCompile is called before a compilation, and only then', () => {
  const { compiler, build } = environment();
  const told: number[] = [];
  const onCompile = () => told.push(compiler.compilations);
  build({ onCompile });
  build({ onCompile });
  build({ onCompile, defines: { SCALAR: 'half' } });
  assert.deepEqual(told, [0, 1]);
});
