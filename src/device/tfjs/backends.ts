// Chooses and loads the TensorFlow.js backend. Packages are loaded only if they are asked for or found. Every error says
// what is missing and which command installs it.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { messageOf, UserError } from '../../errors.js';
import { findPackage, installationFolder } from '../../files/installed-package.js';
import { option } from '../../option-names.js';
import { nearest } from '../../suggest.js';

/** In order of preference. */
export const backendNames = ['node-gpu', 'node', 'wasm', 'cpu'] as const;

export type BackendName = (typeof backendNames)[number];

export interface Backend {
  readonly name: BackendName;
  /** For people: the backend and versions. */
  readonly description: string;
  /** The maximum number of bytes that it can address. */
  readonly addressable: number;
}

/** Packages of the backends that do not come with this one. */
export const packages = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
} as const;

export type NativeName = keyof typeof packages;

export function isNative(name: BackendName): name is NativeName {
  return name in packages;
}

/** The address space of 32-bit WebAssembly. */
const wasmBytes = 2 ** 32;

/**
 * Makes a backend the active one for the whole process.
 * @param name undefined for the best one that is installed and loads.
 * @throws UserError (device) if it is unknown, not installed, or does not load.
 */
export async function openBackend(name?: string): Promise<Backend> {
  // Must come first: it switches off advertisements and the checks of every operation.
  tf.enableProdMode();
  if (name === undefined) return await bestBackend();
  const known = backendNames.find((each) => each === name);
  if (known !== undefined) return await open(known);
  const near = nearest(name, backendNames);
  throw new UserError(
    'tfjs-backend-unknown',
    `unknown TensorFlow.js backend '${name}'${near === undefined ? '' : ` (did you mean '${near}'?)`}: use tfjs:${backendNames.join(', tfjs:')}, or tfjs for the best of them that is installed.`,
  );
}

async function bestBackend(): Promise<Backend> {
  for (const name of backendNames) {
    if (isNative(name) && findPackage(packages[name]) === undefined) continue;
    try {
      return await open(name);
    } catch (thrown) {
      if (!(thrown instanceof UserError) || name === 'cpu') throw thrown;
    }
  }
  throw new Error('no TensorFlow.js backend loads');
}

async function open(name: BackendName): Promise<Backend> {
  switch (name) {
    case 'node-gpu':
    case 'node':
      return await openNative(name);
    case 'wasm':
      return await openWasm();
    case 'cpu':
      await import('@tensorflow/tfjs-backend-cpu');
      await activate('cpu');
      return {
        name,
        description: `${core()}, plain JavaScript (the slowest backend)`,
        addressable: Number.POSITIVE_INFINITY,
      };
    default:
      return name satisfies never;
  }
}

async function openWasm(): Promise<Backend> {
  const listeners = ['uncaughtException', 'unhandledRejection'] as const;
  const before = listeners.map((event) => new Set(process.rawListeners(event)));
  await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    throw new UserError(
      'tfjs-unavailable',
      `this Node.js has no SIMD support in WebAssembly, so tfjs:wasm would be too slow: use Node.js 20 or newer on a processor with SSE4.1 or NEON, or ${option('device', 'tfjs:cpu')}.`,
    );
  await activate('wasm');
  // Its listeners would catch all unhandled errors of the program and throw them again.
  listeners.forEach((event, index) => {
    for (const listener of process.rawListeners(event))
      if (!before[index]?.has(listener))
        process.removeListener(event, listener as (...words: unknown[]) => void);
  });
  return { name: 'wasm', description: `${core()}, WebAssembly with SIMD, 1 thread`, addressable: wasmBytes };
}

async function openNative(name: NativeName): Promise<Backend> {
  const packageName = packages[name];
  const path = findPackage(packages[name]);
  if (path === undefined)
    throw new UserError(
      'tfjs-unavailable',
      `${packageName} is not installed: npm install ${packageName} in ${installationFolder()} (docs/tensorflow.md says what it needs), or use ${option('device', 'tfjs:wasm')}.`,
    );
  const version = versionOf(path);
  try {
    restoreUtilities();
    // Log warnings and errors, but not the processor's features.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
    createRequire(path)(path);
  } catch (thrown) {
    throw new UserError(
      'tfjs-unavailable',
      `${packageName} ${version} does not load: ${likelyCause(name, thrown)}`,
      {
        cause: thrown,
      },
    );
  }
  await activate('tensorflow');
  const native = nativeLibrary();
  const library = native.version === undefined ? '' : ` on TensorFlow ${native.version}`;
  const gpu =
    name !== 'node-gpu' ? '' : native.onGpu ? ', on the GPU' : ', which finds no GPU and computes on the CPU';
  return {
    name,
    description: `${core()}, ${packageName.slice('@tensorflow/'.length)} ${version}${library}${gpu}`,
    addressable: Number.POSITIVE_INFINITY,
  };
}

async function activate(registered: string): Promise<void> {
  let reason = '';
  try {
    if (await tf.setBackend(registered)) {
      await tf.ready();
      return;
    }
  } catch (thrown) {
    reason = `: ${firstLine(messageOf(thrown))}`;
  }
  throw new UserError(
    'tfjs-unavailable',
    `TensorFlow.js does not start its backend '${registered}'${reason}; run npm ls @tensorflow/tfjs-core to see whether several versions are installed.`,
  );
}

function versionOf(main: string): string {
  for (let folder = dirname(main); dirname(folder) !== folder; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return String(JSON.parse(readFileSync(path, 'utf8')).version);
  }
  return '';
}

/** Restores functions that Node.js 23 removed and tfjs-node 4.22 calls. Existing functions do not change. */
export function restoreUtilities(): void {
  const removed: Record<string, (value: unknown) => boolean> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isArray: Array.isArray,
  };
  for (const [name, test] of Object.entries(removed))
    if (!(name in util)) Object.assign(util, { [name]: test });
}

function likelyCause(name: NativeName, thrown: unknown): string {
  const message = firstLine(messageOf(thrown));
  if (/tfjs_binding\.node|libtensorflow|ENOENT|Cannot find module/.test(message))
    return `${message}; its installation did not get the TensorFlow library: run npm rebuild ${packages[name]} --build-addon-from-source, or npm run setup-tfjs-node.`;
  if (/libcu|cuda|cudnn/i.test(message))
    return `${message}; it needs the CUDA libraries that its TensorFlow was built for (docs/tensorflow.md): add their folder to LD_LIBRARY_PATH.`;
  return `${message}; see docs/tensorflow.md for the versions of Node.js that it supports, or use ${option('device', 'tfjs:wasm')}.`;
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').trim().replace(/\.$/, '');
}

/** The version that libtensorflow reports, and whether it uses a GPU. Its C interface does not report its CUDA version. */
function nativeLibrary(): { readonly version?: string; readonly onGpu: boolean } {
  const backend: unknown = tf.findBackend('tensorflow');
  if (typeof backend !== 'object' || backend === null) return { onGpu: false };
  const onGpu = 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true;
  const binding = 'binding' in backend ? backend.binding : undefined;
  if (typeof binding !== 'object' || binding === null || !('TF_Version' in binding)) return { onGpu };
  return { version: String(binding.TF_Version), onGpu };
}

function core(): string {
  return `TensorFlow.js ${tf.version_core}`;
}
