// What the CPU device needs: Node, a compiler, kernels that load, cores, memory, disk.

import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { findCompiler, installCommand } from '../../device/cpu/compiler.js';
import { createCpuDevice } from '../../device/cpu/cpu-device.js';
import { availableBytes, physicalCores, processorName } from '../../device/cpu/processor.js';
import { formatBytes } from '../../files/format-bytes.js';
import { flagMessageOf } from '../flag-names.js';
import type { Check } from './check.js';

const OLDEST_NODE = 20;
/** Enough for a run of a small model with its checkpoints; less deserves a warning. */
const LITTLE_DISK = 5e9;
const LITTLE_MEMORY = 2e9;

export function nodeCheck(version = process.versions.node): Check {
  const detail = `${version} on ${process.platform} ${process.arch}`;
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return { name: 'Node.js', state: 'ok', detail };
  return {
    name: 'Node.js',
    state: 'missing',
    detail: `${detail}; ${OLDEST_NODE} or newer is needed`,
    cure: 'npx -y -p node@22 node --version, or install it from https://nodejs.org',
  };
}

/**
 * The compiler, and whether its kernels run here. Compiles them as the first run would (a few seconds) unless they are cached.
 */
export function compilerChecks(env: NodeJS.ProcessEnv, onCompile: () => void): Check[] {
  let name: string;
  try {
    name = findCompiler(env).name;
  } catch (error) {
    const { CXX } = env;
    const missing = { name: 'C++ compiler', state: 'absent' } as const;
    return CXX?.trim()
      ? [{ ...missing, detail: flagMessageOf(error), cure: 'unset CXX' }]
      : [{ ...missing, detail: 'no working g++, c++ or clang++', cure: installCommand() }];
  }
  const compiler: Check = { name: 'C++ compiler', state: 'ok', detail: name };
  try {
    const device = createCpuDevice({ env, onCompile });
    const { description, bf16, q8 } = device;
    device.dispose();
    return [
      compiler,
      { name: 'CPU kernels', state: 'ok', detail: `compiled and loaded (${description})` },
      {
        name: 'bf16 on the CPU',
        state: bf16.isFast ? 'ok' : 'absent',
        detail: bf16.note ?? bf16.description,
      },
      {
        name: 'int8 on the CPU',
        state: q8.isFast ? 'ok' : 'absent',
        detail: q8.note ?? q8.description,
      },
    ];
  } catch (error) {
    return [compiler, { name: 'CPU kernels', state: 'absent', detail: flagMessageOf(error) }];
  }
}

/** The widest vectors that the kernels can use here, from /proc/cpuinfo. */
export function vectorWidth(arch: string, cpuinfo: string): string {
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' '));
  if (flags.has('avx512f')) return 'AVX-512: 16 floats at once';
  if (flags.has('avx2')) return 'AVX2: 8 floats at once';
  if (arch === 'arm64') return 'NEON: 4 floats at once';
  return flags.size > 0 ? '4 floats at once' : 'vector width unknown';
}

export function processorCheck(): Check {
  let cpuinfo = '';
  try {
    cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    // Only Linux has it.
  }
  const cores = physicalCores();
  const threads = availableParallelism();
  return {
    name: 'processor',
    state: 'ok',
    detail: `${processorName()}, ${cores} core${cores === 1 ? '' : 's'}, ${threads} thread${threads === 1 ? '' : 's'}, ${vectorWidth(process.arch, cpuinfo)}`,
  };
}

export function memoryCheck(available = availableBytes()): Check {
  if (available >= LITTLE_MEMORY)
    return { name: 'memory', state: 'ok', detail: `${formatBytes(available)} available` };
  return {
    name: 'memory',
    state: 'absent',
    detail: `${formatBytes(available)} available, little even for a small model`,
    cure: 'chatbot-train --dry-run with your options shows what a run needs; --gradient-checkpointing reduces it',
  };
}

/** Free space where results/ is or will be. */
export async function diskCheck(folder = 'results'): Promise<Check> {
  let place = resolve(folder);
  for (;;) {
    try {
      const { bavail, bsize } = await statfs(place);
      const free = bavail * bsize;
      const detail = `${formatBytes(free)} free for ${resolve(folder)}`;
      if (free >= LITTLE_DISK) return { name: 'disk', state: 'ok', detail };
      return {
        name: 'disk',
        state: 'absent',
        detail: `${detail}, little for checkpoints`,
        cure: 'choose another folder with --output-dir, or keep fewer checkpoints with --save-total-limit 1',
      };
    } catch (error) {
      if (dirname(place) === place) return { name: 'disk', state: 'absent', detail: flagMessageOf(error) };
      place = dirname(place);
    }
  }
}
