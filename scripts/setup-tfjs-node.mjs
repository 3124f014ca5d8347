// Installs @tensorflow/tfjs-node with a current TensorFlow, where its own installation fails: that one downloads
// libtensorflow 2.9.1 from a bucket (for CUDA 11, with --gpu). The TensorFlow wheels on PyPI contain the same library with
// its C interface and headers, and this script compiles the binding's two source files against them. It needs Linux, pip
// and a C++ compiler, downloads about 300 MB (600 MB with --gpu), and takes 900 MB of disk.
//
//     npm run setup-tfjs-node                              # in a checkout
//     node node_modules/chatbot-train/scripts/setup-tfjs-node.mjs [--gpu] [--wheel FILE] [--python PROGRAM]
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const version = '4.22.0';
const { values } = parseArgs({
  options: {
    /** Use TensorFlow for NVIDIA GPUs, and tfjs-node-gpu. */
    gpu: { type: 'boolean', default: false },
    /** A local wheel, instead of a download: tensorflow-*.whl or tensorflow_cpu-*.whl. */
    wheel: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});
const name = values.gpu ? 'tfjs-node-gpu' : 'tfjs-node';

class Refusal extends Error {}

const ownFolder = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
/** Programs run in this folder, because Python and compilers may load files from the working folder. */
const downloads = mkdtempSync(join(tmpdir(), 'tensorflow-wheel-'));

/** Runs a program. @param advice the end of the error message if it fails. */
function run(advice, program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', cwd: downloads, ...options });
  if (error || status !== 0)
    throw new Refusal(
      `${program} ${error ? `does not run (${error.message})` : `failed (${status})`}: ${advice}`,
    );
}

/** The project that depends on this package, or this package itself if it is a checkout or installed globally. */
function installationFolder() {
  const [above, ...within] = ownFolder.split(`${sep}node_modules${sep}`);
  return within.length > 0 && existsSync(join(above, 'package.json')) ? above : ownFolder;
}

function installedPackage() {
  const project = installationFolder();
  const folder = join(project, 'node_modules/@tensorflow', name);
  if (!existsSync(join(folder, 'binding.gyp'))) {
    console.error(`installing @tensorflow/${name}@${version} in ${project}, without its own download`);
    const args = [
      'install',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      // A global installation has no development dependencies, and must not get them now.
      ...(project === ownFolder && ownFolder.includes('node_modules') ? ['--omit=dev'] : []),
      `@tensorflow/${name}@${version}`,
    ];
    run('npm needs access to its registry.', 'npm', args, { cwd: project });
  }
  return folder;
}

function wheelOf(folder) {
  if (values.wheel !== undefined) return resolve(values.wheel);
  const wheel = values.gpu ? 'tensorflow' : 'tensorflow-cpu';
  console.error(`downloading the wheel of ${wheel}`);
  const args = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--dest',
    folder,
    wheel,
  ];
  run(
    'pip needs access to PyPI and a wheel for its version of Python; --wheel FILE uses a local wheel.',
    values.python,
    args,
  );
  return join(folder, readdirSync(folder).find((file) => file.endsWith('.whl')) ?? 'no wheel');
}

const unpack = `
import os, sys, zipfile
wheel, target = sys.argv[1:]
wanted = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2', 'tensorflow/include/')
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(wanted):
            archive.extract(name, target)
`;

/** Puts libraries and headers where the binding looks for them: deps/lib and deps/include. */
function layOut(wheel, folder, scratch) {
  console.error('unpacking the library and its headers');
  run(`${wheel} is not a TensorFlow wheel.`, values.python, ['-c', unpack, wheel, scratch]);
  const unpacked = join(scratch, 'tensorflow');
  const lib = join(unpacked, 'lib');
  mkdirSync(lib, { recursive: true });
  for (const [library, link] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    if (!existsSync(join(unpacked, library)))
      throw new Refusal(`${wheel} has no ${library}: use a wheel of tensorflow or tensorflow-cpu for Linux.`);
    renameSync(join(unpacked, library), join(lib, library));
    symlinkSync(library, join(lib, link));
  }
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  renameSync(unpacked, deps);
}

/** The folder of node_api.h: next to Node.js, or from the package node-api-headers. */
function nodeHeaders(scratch) {
  const beside = join(dirname(process.execPath), '../include/node');
  if (existsSync(join(beside, 'node_api.h'))) return beside;
  const args = ['install', '--prefix', scratch, '--no-audit', '--no-fund', 'node-api-headers'];
  run('the headers of Node.js are missing, and npm needs access to its registry to get them.', 'npm', args);
  return join(scratch, 'node_modules/node-api-headers/include');
}

function compile(folder, headers) {
  console.error('compiling the binding');
  const target = join(folder, 'lib/napi-v8');
  mkdirSync(target, { recursive: true });
  const made = join(target, 'tfjs_binding.node');
  const args = [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', `-I${headers}`, '-Ideps/include'],
    ...[
      'binding/tfjs_backend.cc',
      'binding/tfjs_binding.cc',
      '-Ldeps/lib',
      '-ltensorflow',
      '-ltensorflow_framework',
    ],
    ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-o', `${made}.new`],
  ];
  run('install a C++ compiler (sudo apt install g++), or name one in CXX.', process.env.CXX || 'c++', args, {
    cwd: folder,
  });
  renameSync(`${made}.new`, made);
}

const probe = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require(process.argv[1]);
const sum = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).sum().dataSync()[0];
if (sum !== 12) throw new Error('2x3 times 3x2 ones sum up to ' + sum);
console.log('@tensorflow/${name} computes on TensorFlow ' + tf.backend().binding.TF_Version + ': --device tfjs:${values.gpu ? 'node-gpu' : 'node'}');`;

try {
  if (process.platform !== 'linux') throw new Refusal('the wheels on PyPI have the library for Linux only.');
  const folder = installedPackage();
  const scratch = mkdtempSync(join(folder, 'setup-'));
  try {
    layOut(wheelOf(downloads), folder, scratch);
    compile(folder, nodeHeaders(scratch));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const main = createRequire(join(folder, 'package.json')).resolve(folder);
  const env = { TF_CPP_MIN_LOG_LEVEL: '1', ...process.env };
  run(
    'docs/tensorflow.md says which libraries TensorFlow looks for.',
    process.execPath,
    ['-e', probe, main],
    { env },
  );
} catch (thrown) {
  if (!(thrown instanceof Refusal)) throw thrown;
  console.error(`setup-tfjs-node: ${thrown.message}`);
  process.exitCode = 5;
} finally {
  rmSync(downloads, { recursive: true, force: true });
}
