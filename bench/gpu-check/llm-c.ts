// Runs llm.c's train_gpt2cu (github.com/karpathy/llm.c), which the user builds, on random tokens: the model's shape
// from scratch, with as many sequences per step as ours. Writes the token files it needs and reads tokens/s from its
// output.
//
//     LLM_C=/path/to/train_gpt2cu node dist/bench/gpu-check/llm-c.js --model medium --batch 16 --tokens 1024

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../src/random.js';
import { median } from '../measure.js';

export interface LlmCResult {
  readonly tokensPerSecond: number;
  readonly stepMilliseconds: readonly number[];
  readonly output: string;
}

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'medium' },
    batch: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '1024' },
    steps: { type: 'string', default: '20' },
  },
});
/** llm.c's names for GPT-2's shapes, by depth. */
const depths: Readonly<Record<string, string>> = { small: 'd12', medium: 'd24', large: 'd36' };
const [batch, tokens, steps] = [Number(values.batch), Number(values.tokens), Number(values.steps)];
const depth = depths[values.model];
if (depth === undefined) throw new Error(`--model must be one of ${Object.keys(depths)}`);
const program = process.env.LLM_C;
if (program === undefined) throw new Error("LLM_C must be the path of llm.c's train_gpt2cu");

const scratch = mkdtempSync(join(tmpdir(), 'llm-c-'));
try {
  const data = join(scratch, 'tokens_000.bin');
  writeFileSync(data, tokenFile(Math.max(4, steps) * batch * tokens + 1));
  const { status, stdout, stderr } = spawnSync(
    resolve(program),
    [
      ...['-i', data, '-j', data, '-e', depth, '-b', String(batch), '-t', String(tokens)],
      ...['-d', String(batch * tokens), '-x', String(steps)],
      // It always validates at the start and the end, outside the timed steps. So it gets one batch for that, and no
      // samples.
      ...['-v', '1000000', '-m', '1', '-s', '0'],
    ],
    { encoding: 'utf8', cwd: scratch, maxBuffer: 2 ** 26 },
  );
  const output = stdout.slice(-4000);
  if (status !== 0) throw new Error(`${program} ends with ${status}: ${output}${stderr.slice(-1000)}`);
  // step    5/20 | loss 10.9 (+nanz)| norm 5.1 (+nanz)| lr 3.00e-04 | 61.52 ms | 41.2% bf16 MFU | 266326 tok/s
  const stepMilliseconds = [...stdout.matchAll(/^step .*?\| ([\d.]+) ms \|/gm)]
    .map(([, time]) => Number(time))
    .slice(3);
  if (stepMilliseconds.length === 0) throw new Error(`no steps in the output of ${program}: ${output}`);
  const tokensPerSecond = (batch * tokens * 1000) / median(stepMilliseconds);
  const result: LlmCResult = { tokensPerSecond, stepMilliseconds, output };
  console.log(JSON.stringify(result));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** llm.c's data format: a header of 256 words (magic, version, count), then the tokens in 16 bits each. */
function tokenFile(count: number): Buffer {
  const random = new Random(1);
  const header = new Int32Array(256);
  header.set([20240520, 1, count]);
  const ids = Uint16Array.from({ length: count }, () => random.below(50257));
  return Buffer.concat([Buffer.from(header.buffer), Buffer.from(ids.buffer)]);
}
