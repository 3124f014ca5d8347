// Makes @tensorflow/tfjs-node work with a current TensorFlow, where its own installation cannot: that downloads
// libtensorflow 2.9.1 from a bucket (for CUDA 11, with --gpu). The wheels of TensorFlow on PyPI carry the same library with
// its C interface and headers; the binding's two source files are compiled against them. Linux, with pip and a C++
// compiler; takes some 300 MB to download (600 MB with --gpu) and 900 MB of disk.
//
//     npm run setup-tfjs-node                              # beside this package
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
    /** TensorFlow for NVIDIA cards, and tfjs-node-gpu. */
    gpu: { type: 'boolean', default: false },
    /** A wheel that is here already: tensorflow-*.whl or tensorflow_cpu-*.whl. */
    wheel: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});
const name = values.gpu ? 'tfjs-node-gpu' : 'tfjs-node';

class Refusal extends Error {}

const ownFolder = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
/** Programs run here: Python and compilers take files of the folder that they run in for their own. */
const downloads = mkdtempSync(join(tmpdir(), 'tensorflow-wheel-'));

/** Runs a program to a good end. @param cure what is said where it has none. */
function run(cure, program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', cwd: downloads, ...options });
  if (error || status !== 0)
    throw new Refusal(
      `${program} ${error ? `does not run (${error.message})` : `failed (${status})`}: ${cure}`,
    );
}

/** The project that has this package among its own, or this package where it is a checkout or installed globally. */
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
      // What a global installation left out stays out.
      ...(project === ownFolder && ownFolder.includes('node_modules') ? ['--omit=dev'] : []),
      `@tensorflow/${name}@${version}`,
    ];
    run('npm must reach its registry.', 'npm', args, { cwd: project });
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
    'pip must reach PyPI and know a wheel for its Python; --wheel FILE takes one that is here.',
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

/** The libraries and headers as the binding looks for them: deps/lib and deps/include. */
function layOut(wheel, folder, scratch) {
  console.error('unpacking the library and its headers');
  run(`${wheel} is no wheel of TensorFlow.`, values.python, ['-c', unpack, wheel, scratch]);
  const unpacked = join(scratch, 'tensorflow');
  const lib = join(unpacked, 'lib');
  mkdirSync(lib, { recursive: true });
  for (const [library, link] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    if (!existsSync(join(unpacked, library)))
      throw new Refusal(
        `${wheel} carries no ${library}: it takes a wheel of tensorflow or tensorflow-cpu for Linux.`,
      );
    renameSync(join(unpacked, library), join(lib, library));
    symlinkSync(library, join(lib, link));
  }
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  renameSync(unpacked, deps);
}

/** Where node_api.h lies: beside Node.js, or from the package that carries it. */
function nodeHeaders(scratch) {
  const beside = join(dirname(process.execPath), '../include/node');
  if (existsSync(join(beside, 'node_api.h'))) return beside;
  const args = ['install', '--prefix', scratch, '--no-audit', '--no-fund', 'node-api-headers'];
  run('the headers of Node.js are not beside it, and npm must reach its registry to get them.', 'npm', args);
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
  run('a C++ compiler is needed (sudo apt install g++), or CXX names one.', process.env.CXX || 'c++', args, {
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
  if (process.platform !== 'linux') throw new Refusal('the wheels of PyPI carry the library for Linux only.');
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
    'docs/tensorflow.md tells which libraries TensorFlow looks for.',
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
