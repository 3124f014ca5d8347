// Mistakes that a user can make with TensorFlow.js. Each gives one sentence with the place and the fix, and exit code 5, and
// nothing is written.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { ExitCode } from '../src/errors.js';
import { repositoryRoot } from './repository.js';
import { makeTinyCorpus, makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('tfjs-bad-input');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'));
const main = join(repositoryRoot, 'dist/src/cli/main.js');

/** Creates a node_modules folder, for NODE_PATH, with a fake package whose main file is `script`. */
function modulesWith(packageName: string, script: string): string {
  const folder = join(root, `project-${packageName}-${script.length}`);
  const home = join(folder, 'node_modules/@tensorflow', packageName);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ version: '4.22.0', main: 'index.js' }));
  writeFileSync(join(home, 'index.js'), script);
  return join(folder, 'node_modules');
}

const workingFolder = join(root, 'working');
mkdirSync(workingFolder);

const output = (cwd: string) => join(cwd, 'never');
const allWords = (words: readonly string[], cwd = workingFolder) => [
  ...['--model', model, '--data', data, '--output-dir', output(cwd), '--quiet', ...words],
];

/** In a process of its own, which Node tells at its start where it finds packages. */
function run(words: readonly string[], modules = '', cwd = workingFolder) {
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, ...allWords(words, cwd)], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1', NODE_PATH: modules },
  });
  return { status, stderr, stdout };
}

const cases: readonly {
  readonly name: string;
  readonly words: readonly string[];
  readonly says: RegExp;
  readonly modules?: string;
}[] = [
  {
    name: 'an unknown backend',
    words: ['--device', 'tfjs:webgpu'],
    says: /^error: unknown TensorFlow\.js backend 'webgpu': use tfjs:node-gpu, tfjs:node, tfjs:wasm, tfjs:cpu, or tfjs /,
  },
  {
    name: 'half precision',
    words: ['--device', 'tfjs:wasm', '--precision', 'bf16'],
    says: /^error: tfjs does not compute in bf16, because TensorFlow\.js has no half-precision type: use --precision fp32, or --device cuda\./,
  },
  {
    name: 'tfjs-node-gpu that is not installed',
    words: ['--device', 'tfjs:node-gpu'],
    says: /^error: @tensorflow\/tfjs-node-gpu is not installed: npm install @tensorflow\/tfjs-node-gpu .*, or use --device tfjs:wasm\./,
  },
  {
    name: 'a binding that was never built',
    words: ['--device', 'tfjs:node'],
    modules: modulesWith(
      'tfjs-node',
      'throw new Error("Cannot find module \'./lib/napi-v8/tfjs_binding.node\'\\nRequire stack: many lines")',
    ),
    says: /^error: @tensorflow\/tfjs-node 4\.22\.0 does not load: Cannot find module '.*tfjs_binding\.node'; its installation did not get the TensorFlow library: .*npm run setup-tfjs-node\./,
  },
  {
    name: 'a binding without its CUDA libraries',
    words: ['--device', 'tfjs:node-gpu'],
    modules: modulesWith(
      'tfjs-node-gpu',
      "throw new Error('libcudart.so.11.0: cannot open shared object file: No such file or directory')",
    ),
    says: /^error: @tensorflow\/tfjs-node-gpu 4\.22\.0 does not load: libcudart\.so\.11\.0: cannot open .*; it needs the CUDA libraries .* LD_LIBRARY_PATH\./,
  },
  {
    name: 'a package that loads and registers no backend',
    words: ['--device', 'tfjs:node'],
    modules: modulesWith('tfjs-node', 'module.exports = {};'),
    says: /^error: TensorFlow\.js does not start its backend 'tensorflow': .*npm ls @tensorflow\/tfjs-core/,
  },
  {
    name: 'a model that exceeds the address space of WebAssembly',
    words: ['--device', 'tfjs:wasm', '--model', 'large', '--max-length', '64'],
    says: /^error: training needs .* of memory .* too little; WebAssembly addresses 4\.3 GB at most\); use a smaller model, or a device or machine with more memory/,
  },
];

describe('an unusable TensorFlow.js option is refused in one sentence', () => {
  for (const { name, words, says, modules } of cases)
    test(name, async () => {
      const { stderr, ...ended } =
        modules === undefined ? await trainHere(allWords(words)) : run(words, modules);
      assert.match(stderr, says);
      assert.equal(stderr.split('\n').length, 2, stderr);
      assert.equal('code' in ended ? ended.code : ended.status, ExitCode.device);
      assert.ok(!existsSync(output(workingFolder)));
    });
});

test('tfjs uses the next best backend if a better one is installed but does not load', () => {
  const modules = modulesWith('tfjs-node', "throw new Error('broken')");
  const { status, stdout, stderr } = run(['--device', 'tfjs', '--dry-run', '--json'], modules);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /WebAssembly with SIMD/);
});

test('a package in the working folder is not loaded', () => {
  const ran = join(root, 'ran');
  const modules = modulesWith('tfjs-node', `require('fs').writeFileSync(${JSON.stringify(ran)}, '')`);
  for (const path of ['', ['.', 'node_modules', modules].join(delimiter)]) {
    const { status, stderr } = run(['--device', 'tfjs:node', '--dry-run'], path, dirname(modules));
    assert.match(
      stderr,
      /^error: @tensorflow\/tfjs-node is not installed: npm install @tensorflow\/tfjs-node in /,
    );
    assert.equal(status, ExitCode.device);
  }
  assert.ok(!existsSync(ran));
});
