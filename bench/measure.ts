// Shared by all measurements: statistics, running a program that prints a line of JSON, and parsing common flags. It does
// not know what is measured.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { physicalCores } from '../src/device/cpu/processor.js';
import type { Precision, WeightPrecision } from '../src/device/device.js';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length - 1 - middle], sorted[middle]];
  return (low + high) / 2;
}

export function geometricMean(factors: readonly number[]): number {
  return Math.exp(factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length);
}

/** Seconds that `work` takes. */
export function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

/** The peak resident memory of this process, in bytes. */
export function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

export const threadsByDefault = physicalCores();

/** Parses a `--precision` flag. @throws Error for an unknown precision. */
export function precisionOf(name: string): Precision {
  if (name === 'fp32' || name === 'bf16' || name === 'fp16') return name;
  throw new Error(`--precision is fp32, bf16 or fp16, not '${name}'`);
}

/** The same for stored weights. */
export function weightPrecisionOf(name: string): WeightPrecision {
  return name === 'int8' ? name : precisionOf(name);
}

/** The path of a compiled program in this folder. */
export function program(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

/** The path of a Python program. These are not compiled, so they are in the source tree. */
export function peer(name: string): string {
  return fileURLToPath(new URL(`../../bench/peers/${name}.py`, import.meta.url));
}

/**
 * Runs a program and reads the last line of its stdout as JSON.
 * @param input the program's stdin.
 * @throws Error with its stderr when it fails.
 */
export function measure<Result>(command: string, args: readonly string[], input = ''): Result {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 2 ** 26,
  });
  const line = stdout?.trimEnd().split('\n').at(-1);
  if (status !== 0 || !line)
    throw new Error(
      `${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trimEnd().slice(-2000)}`,
    );
  return JSON.parse(line) as Result;
}
