// `chatbot-train doctor`: shows what this machine offers for training, what is missing, and the command that installs it.

import { ExitCode } from '../errors.js';
import { jsonLine, visible } from '../quote.js';
import type { Check } from './checks/check.js';
import { cacheChecks, hubCheck } from './checks/environment.js';
import { compilerChecks, diskCheck, memoryCheck, nodeCheck, processorCheck } from './checks/machine.js';
import { hasCuda, nvidiaChecks } from './checks/nvidia.js';
import { productCheck } from './checks/products.js';
import { hasTensorflow, tensorflowChecks } from './checks/tensorflow.js';

export interface DoctorOptions {
  readonly json: boolean;
  /** Also show the searched folders and how the GPU computes matrix products. */
  readonly verbose: boolean;
}

export async function doctorCommand({ json, verbose }: DoctorOptions): Promise<number> {
  const checks = await examine(process.env, verbose, () => {
    process.stderr.write('compiling the CPU kernels for this processor, once ...\n');
  });
  process.stdout.write(json ? reportJson(checks) : visible(reportText(checks)));
  return canTrain(checks) ? ExitCode.ok : ExitCode.device;
}

async function examine(
  env: NodeJS.ProcessEnv,
  verbose: boolean,
  onCompile: () => void,
): Promise<readonly Check[]> {
  const nvidia = nvidiaChecks(env, { verbose });
  return [
    nodeCheck(),
    ...compilerChecks(env, onCompile),
    processorCheck(),
    memoryCheck(),
    await diskCheck(),
    ...nvidia,
    ...(verbose && hasCuda(nvidia) ? [productCheck(env)] : []),
    ...(await tensorflowChecks()),
    ...(await cacheChecks(env)),
    hubCheck(env),
  ];
}

export function canTrain(checks: readonly Check[]): boolean {
  return checks.every(({ state }) => state !== 'missing') && deviceOf(checks) !== undefined;
}

/** The device that `--device auto` takes. */
function deviceOf(checks: readonly Check[]): 'cuda' | 'cpu' | 'tfjs' | undefined {
  if (hasCuda(checks)) return 'cuda';
  if (checks.some(({ name, state }) => name === 'CPU kernels' && state === 'ok')) return 'cpu';
  return hasTensorflow(checks) ? 'tfjs' : undefined;
}

export function reportJson(checks: readonly Check[]): string {
  return `${jsonLine({
    can_train: canTrain(checks),
    checks: checks.map(({ name, state, detail, cure }) => ({ name, state, detail, cure: cure ?? null })),
  })}\n`;
}

const marks = { ok: 'ok', missing: 'MISSING', absent: '-' } as const;

export function reportText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, detail, cure }) => [
    `${marks[state].padEnd(7)}  ${name.padEnd(width)}  ${detail.replaceAll('\n', `\n${''.padEnd(11 + width)}`)}`,
    ...(cure === undefined ? [] : [`${''.padEnd(11 + width)}to fix it: ${cure}`]),
  ]);
  const verdict = canTrain(checks)
    ? `This machine can train (--device ${deviceOf(checks)}).`
    : 'This machine cannot train yet. The missing parts are marked above.';
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
