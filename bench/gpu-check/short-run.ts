// A run as a user starts it: the quickstart on the card, cut to a few steps, twice with one seed, and a prompt to the
// trained model. The loss must fall, both runs must leave the same bits, and the model must answer.
//
//     node dist/bench/gpu-check/short-run.js --device cuda --precision bf16 --steps 60

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface ShortRunResult {
  /** One for each logged step. */
  readonly losses: readonly number[];
  readonly tokensPerSecond: number;
  /** Duration of the command. */
  readonly seconds: number;
  /** Hash of the weights, which is the same for both runs. */
  readonly sha256: string;
  readonly reply: string;
}

interface Ran {
  readonly folder: string;
  readonly losses: readonly number[];
  readonly tokensPerSecond: number;
  readonly seconds: number;
  readonly sha256: string;
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    steps: { type: 'string', default: '60' },
    /** Tokens per packed sequence. */
    tokens: { type: 'string', default: '128' },
  },
});
const root = fileURLToPath(new URL('../../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'gpu-check-'));
try {
  const [first, second] = [train('first'), train('second')];
  const [begun = Number.NaN, ...later] = first.losses;
  assert.ok((later.at(-1) ?? Number.NaN) < begun, `the loss does not fall: ${first.losses}`);
  assert.deepEqual(second.losses, first.losses, 'a second run with the same seed has different losses');
  assert.equal(second.sha256, first.sha256, 'a second run with the same seed leaves different weights');
  const reply = chat(first.folder);
  const { losses, tokensPerSecond, seconds, sha256 } = first;
  const result: ShortRunResult = { losses, tokensPerSecond, seconds, sha256, reply };
  console.log(JSON.stringify(result));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function train(name: string): Ran {
  const folder = join(scratch, name);
  const start = performance.now();
  const summary = JSON.parse(
    command('main', [
      // The quickstart without its evaluations.
      ...['--model', 'tiny', '--data', join(root, 'data/faq.json'), join(root, 'data/small-talk.jsonl')],
      ...['--learning-rate', '4e-3', '--lr-scheduler-type', 'cosine', '--warmup-steps', '0.1'],
      ...['--per-device-train-batch-size', '2', '--dropout', '0'],
      ...['--device', values.device, '--precision', values.precision, '--max-steps', values.steps],
      ...['--max-length', values.tokens, '--logging-steps', String(Math.ceil(Number(values.steps) / 6))],
      ...['--eval-ratio', '0', '--eval-replies', '0', '--output-dir', folder, '--quiet', '--json'],
    ]),
  ) as { readonly tokens_per_second: number };
  return {
    folder,
    losses: readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly loss: number }).loss),
    tokensPerSecond: summary.tokens_per_second,
    seconds: (performance.now() - start) / 1000,
    sha256: createHash('sha256')
      .update(readFileSync(join(folder, 'model.safetensors')))
      .digest('hex'),
  };
}

/** A greedy reply of a few tokens. Any answer will do. */
function chat(folder: string): string {
  const flags = ['--device', values.device, '--greedy', '--min-new-tokens', '4', '--max-new-tokens', '8'];
  const reply = command('chat/main', [folder, ...flags], 'hello\n').trim();
  assert.notEqual(reply, '', 'the trained model does not answer');
  return reply;
}

function command(name: string, args: readonly string[], input = ''): string {
  const program = fileURLToPath(new URL(`../../src/cli/${name}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    input,
    cwd: root,
  });
  assert.equal(status, 0, `${name} ${args.join(' ')} ends with ${status}: ${stderr.trimEnd().slice(-1500)}`);
  return stdout;
}
