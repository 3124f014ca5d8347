// Describes what the check runs on: the card, its driver and libraries, the device's precisions, and Python with torch
// if there is one. Exits with code 5 and a sentence if there is no GPU that the device can use.
//
//     node dist/bench/gpu-check/environment.js --device cuda [--python PATH]

import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { flagMessageOf } from '../../src/cli/flag-names.js';
import { openDriver } from '../../src/device/cuda/driver.js';
import type { Precision } from '../../src/device/device.js';
import { computedIn, selectDevice } from '../../src/device/select.js';
import { UserError } from '../../src/errors.js';

export interface Environment {
  readonly card: string;
  readonly computeCapability: string;
  readonly totalMemory: number;
  /** Bytes that a run may take, which is less than the free memory. */
  readonly availableMemory: number;
  /** As CUDA counts: 13000 is 13.0. */
  readonly driverVersion: number;
  readonly device: string;
  readonly precisions: readonly Precision[];
  /** null without a Python that has torch and transformers. */
  readonly python: PythonEnvironment | null;
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly processors: number;
  readonly machineMemory: number;
  /** The output of nvidia-smi, if it is installed. */
  readonly nvidiaSmi: string | null;
  readonly computeSanitizer: { readonly program: string; readonly version: string } | null;
  /** The output of `chatbot-train doctor --json`. */
  readonly doctor: unknown;
}

export interface PythonEnvironment {
  readonly python: string;
  readonly torch: string;
  readonly transformers: string;
  /** Whether torch can use the card. */
  readonly cuda: boolean;
}

const pythonProbe = `
import json, sys, torch, transformers
print(json.dumps({"python": sys.version.split()[0], "torch": torch.__version__,
                  "transformers": transformers.__version__, "cuda": torch.cuda.is_available()}))
`;

const { values } = parseArgs({
  options: { device: { type: 'string', default: 'cuda' }, python: { type: 'string', default: 'python3' } },
});

try {
  console.log(JSON.stringify(await environment(values.device, values.python)));
} catch (thrown) {
  if (!(thrown instanceof UserError)) throw thrown;
  console.error(flagMessageOf(thrown));
  process.exitCode = thrown.exitCode;
}

async function environment(name: string, python: string): Promise<Environment> {
  const device = await selectDevice(name);
  const driver = openDriver();
  const { computeCapability, totalMemory, name: card } = driver.device(Number(name.split(':')[1] ?? 0));
  const found: Environment = {
    card,
    computeCapability: computeCapability.join('.'),
    totalMemory,
    availableMemory: device.availableMemory(),
    driverVersion: driver.version,
    device: device.description,
    precisions: computedIn(device.precisions),
    python: json<PythonEnvironment>(outputOf(python, ['-c', pythonProbe])),
    node: process.version,
    system: `${process.platform} ${process.arch} ${release()}`,
    processor: cpus()[0]?.model ?? '',
    processors: cpus().length,
    machineMemory: totalmem(),
    nvidiaSmi: outputOf('nvidia-smi', [
      '--query-gpu=name,driver_version,pstate,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu,ecc.mode.current',
      '--format=csv',
    ]),
    computeSanitizer: findSanitizer(),
    doctor: json(outputOf(process.execPath, [command('main'), 'doctor', '--json'])),
  };
  device.dispose();
  return found;
}

function command(name: string): string {
  return fileURLToPath(new URL(`../../src/cli/${name}.js`, import.meta.url));
}

/** On the path, or in the toolkit's usual folder. */
function findSanitizer(): Environment['computeSanitizer'] {
  for (const program of ['compute-sanitizer', '/usr/local/cuda/bin/compute-sanitizer']) {
    const version = outputOf(program, ['--version'])?.split('\n').at(-1);
    if (version !== undefined) return { program, version };
  }
  return null;
}

/** A program's stdout; null if the program is missing or fails without output. */
function outputOf(program: string, args: readonly string[]): string | null {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  return stdout?.trim() || null;
}

function json<Of>(text: string | null): Of | null {
  try {
    return text === null ? null : (JSON.parse(text) as Of);
  } catch {
    return null;
  }
}
