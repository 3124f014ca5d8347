// Compiles every kernel with NVIDIA's own compilers for every generation of cards: with NVRTC, if installed, as the
// device calls it (from CUDA 12 for Volta, which CUDA 13 does not support), and with nvcc, if it is on the PATH. Writes
// registers, spills and times to results/cuda-kernels.json. CHATBOT_TRAIN_EVERY_KERNEL=1 adds what a usual run omits to
// save time: all head sizes for all cards, with and without tensor cores.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, fork, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findLibrary } from '../../src/device/cuda/libraries.js';
import { Nvrtc } from '../../src/device/cuda/nvrtc.js';
import { type Compilation, compilations, nameOf } from './compilations.js';
import type { Answer } from './nvrtc-process.js';
import { complaintsOf, type Resources, resourcesOf } from './resources.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const kernelFolder = fileURLToPath(new URL('../../src/device/cuda/kernels/', import.meta.url));
const every = process.env.CHATBOT_TRAIN_EVERY_KERNEL === '1';

describe('kernels compiled by NVRTC', () => {
  const paths = installedNvrtcs();
  it('compile without a warning and without spills for every card', {
    skip: paths.length === 0 && 'no libnvrtc is installed: pip install nvidia-cuda-nvrtc',
  }, async () => {
    const versions: string[] = [];
    const answers = new Map<string, Answer>();
    for (const path of paths) {
      const { version, architectures } = new Nvrtc(path);
      const added = compilations(every).filter(
        (one) => !answers.has(nameOf(one)) && architectures.includes(architectureOf(one)),
      );
      versions.push(version);
      for (const [name, answer] of await compileAll(path, added)) answers.set(name, answer);
    }
    const record: Record<string, Resources> = {};
    for (const [name, { log }] of answers)
      for (const [kernel, resources] of Object.entries(resourcesOf(log)))
        record[`${name} ${kernel}`] = resources;
    keepRecord(versions, answers, record);
    assert.deepEqual(errorsOf(answers), []);
    assert.deepEqual(spillsOf(record), []);
    const compiled = Object.keys(record).length;
    assert.ok(compiled > answers.size, `${compiled} kernels in ${answers.size} compilations`);
  });
});

/** nvcc comes with the CUDA toolkit, which is too large to install for this: without it there is no test. */
function testNvcc() {
  const version = spawnSync('nvcc', ['--version'], { encoding: 'utf8' });
  const folder = mkdtempSync(join(tmpdir(), 'cuda-nvcc-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  if (version.status !== 0) return;
  it('compile without a warning', async () => {
    const sample = compilations(every).filter(
      ({ computeCapability: [major], defines: { SCALAR, HEAD_SIZE = 64 } }) =>
        HEAD_SIZE === 64 && ['half 8', 'bf16 9'].includes(`${SCALAR} ${major}`),
    );
    const errors = await inTurns(sample, availableParallelism(), (one) => nvccError(folder, one));
    assert.deepEqual(errors.filter(Boolean), []);
  });
}

describe('kernels compiled by nvcc', testNvcc);

/** 90 for sm_90. */
function architectureOf({ computeCapability: [major, minor] }: Compilation): number {
  return 10 * major + minor;
}

/**
 * The installed NVRTCs of CUDA 13 and CUDA 12, from the places where the device looks and from the Python environment
 * that other tests use.
 */
function installedNvrtcs(): string[] {
  const python = process.env.CHATBOT_TRAIN_PYTHON;
  const environment = process.env.VIRTUAL_ENV ?? (python ? dirname(dirname(python)) : undefined);
  const env = { ...process.env, ...(environment ? { VIRTUAL_ENV: resolve(environment) } : {}) };
  return [13, 12].flatMap((major) => findLibrary('libnvrtc', { env, majors: [major] }) ?? []);
}

/** Uses several processes, because the compiler runs on one thread. Each compiles one source after the other. */
async function compileAll(path: string, all: readonly Compilation[]): Promise<Map<string, Answer>> {
  const script = fileURLToPath(new URL('nvrtc-process.js', import.meta.url));
  const children = Array.from({ length: availableParallelism() }, () => fork(script, [path]));
  try {
    const idle = [...children];
    const answers = await inTurns(all, children.length, async (compilation) => {
      const child = idle.pop();
      assert.ok(child);
      const answer = await answerOf(child, compilation);
      idle.push(child);
      return [nameOf(compilation), answer] as const;
    });
    return new Map(answers);
  } finally {
    // Some versions of NVRTC never return from an orderly exit.
    for (const child of children) child.kill('SIGKILL');
  }
}

function answerOf(child: ChildProcess, compilation: Compilation): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error(`the compiler of ${nameOf(compilation)} has exited`));
    child.once('exit', lost);
    child.once('message', (answer) => {
      child.off('exit', lost);
      resolve(answer as Answer);
    });
    child.send(compilation);
  });
}

/** Results in the order of `items`, with up to `width` of them in progress at a time. */
async function inTurns<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const turns = Array.from({ length: width }, async () => {
    for (const [at, item] of left) results[at] = await work(item);
  });
  await Promise.all(turns);
  return results;
}

async function nvccError(folder: string, compilation: Compilation): Promise<string | undefined> {
  const { file, defines } = compilation;
  const source = join(mkdtempSync(join(folder, 'source-')), file);
  const texts = ['scalar.cuh', file].map((name) => readFileSync(join(kernelFolder, name), 'utf8'));
  writeFileSync(source, texts.join('\n'));
  const options = [
    '-cubin',
    `-arch=sm_${architectureOf(compilation)}`,
    '-std=c++17',
    '-diag-suppress=177',
    ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
  ];
  try {
    const { stdout, stderr } = await promisify(execFile)('nvcc', [...options, '-o', `${source}bin`, source]);
    return stdout + stderr || undefined;
  } catch (thrown) {
    return `${nameOf(compilation)}: ${thrown}`;
  }
}

function errorsOf(answers: ReadonlyMap<string, Answer>): string[] {
  return [...answers].flatMap(([name, { failure, log }]) => {
    const complaint = failure ?? complaintsOf(log);
    return complaint === '' ? [] : [`${name}: ${complaint}`];
  });
}

function spillsOf(record: Readonly<Record<string, Resources>>): string[] {
  return Object.entries(record)
    .filter(([, { spillBytes }]) => spillBytes > 0)
    .map(([kernel, { spillBytes }]) => `${kernel} spills ${spillBytes} bytes`);
}

function keepRecord(
  versions: readonly string[],
  answers: ReadonlyMap<string, Answer>,
  kernels: Readonly<Record<string, Resources>>,
): void {
  const milliseconds = Object.fromEntries([...answers].map(([name, answer]) => [name, answer.milliseconds]));
  mkdirSync(join(root, 'results'), { recursive: true });
  const lines = Object.entries(kernels).map(
    ([kernel, resources]) => `    ${JSON.stringify(kernel)}: ${JSON.stringify(resources)}`,
  );
  const text = `{\n  "nvrtc": ${JSON.stringify(versions)},\n  "milliseconds": ${JSON.stringify(milliseconds)},\n  "kernels": {\n${lines.join(',\n')}\n  }\n}\n`;
  writeFileSync(join(root, 'results', 'cuda-kernels.json'), text);
}
