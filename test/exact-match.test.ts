// The share of questions that a trained model answers word for word: a run reports the same share that asking the model gives.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { openChatModel } from '../src/generate/chat-model.js';
import { defaultSettings } from '../src/generate/settings.js';
import { makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('exact-match');
const model = makeTinyModel(join(root, 'model'));

const pairs: readonly (readonly [question: string, answer: string])[] = [
  ['how are you', 'fine thanks'],
  ['what is your name', 'i am a bot'],
  ['do you like tea', 'yes a lot'],
  ['where do you live', 'in a computer'],
  ['hello', 'hello there'],
  ['hello', 'hi'],
  ['say it', 'a word that is far too long to be learned from so few steps'],
];
const longer = { turns: ['good day', 'good day to you', 'and now', 'now we talk'] };
const data = join(root, 'chats.jsonl');
writeFileSync(
  data,
  [...pairs.map((turns) => ({ turns })), longer].map((dialogue) => `${JSON.stringify(dialogue)}\n`).join(''),
);
const held = join(root, 'held.jsonl');
writeFileSync(held, '{"turns":["do you like milk","yes a lot"]}\n{"turns":["who are you","nobody"]}\n');

const words = (output: string, ...more: readonly string[]) => [
  ...['--model', model, '--data', data, '--output-dir', join(root, output), '--threads', '1', '--json'],
  ...['--batch-size', '2', '--max-length', '64', '--lr', '1e-2', '--dropout', '0', '--max-steps', '50'],
  ...more,
];

/** How many of the questions the model answers, greedily, with one of their answers in `taught`. */
async function answered(folder: string, taught: readonly (readonly [string, string])[]): Promise<number> {
  const device = createCpuDevice({ threads: 1 });
  const chat = await openChatModel(folder, { device, weights: 'fp32', sequences: 1, mmi: null });
  const settings = { ...defaultSettings, doSample: false };
  let exact = 0;
  for (const question of new Set(taught.map(([asked]) => asked))) {
    const { text } = await chat.reply([question], settings, { text: () => {}, shouldStop: () => false });
    if (taught.some(([asked, answer]) => asked === question && answer === text)) exact++;
  }
  device.dispose();
  return exact;
}

function resultOf(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('a run reports how many questions its model answers word for word', async () => {
  const { code, stdout, stderr } = await trainHere(
    words('measured', '--eval-data', held, '--no-load-best-model-at-end', '--early-stopping-patience', '0'),
  );
  assert.equal(code, 0, stderr);
  const result = resultOf(stdout);
  const asked = await answered(join(root, 'measured'), pairs);
  assert.ok(asked > 0 && asked < 6, `the model answers ${asked}: some, but not all`);
  // "hello" has two answers, and one is enough. The longer dialogue is not a pair.
  assert.equal(result.train_questions, 6);
  assert.equal(result.train_exact_match, asked / 6);
  assert.equal(result.eval_questions, 2);
  assert.equal(result.eval_exact_match, 0);
  const lines = readFileSync(join(root, 'measured', 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const last = resultOf(lines.findLast((line) => line.includes('eval_loss')) ?? '');
  assert.equal(last.train_exact_match, asked / 6);
  assert.match(readFileSync(join(root, 'measured', 'report.html'), 'utf8'), /of 6 trained questions/);
});

test('without an evaluation set, up to --eval-replies questions are asked at the end', async () => {
  const all = resultOf((await trainHere(words('unmeasured', '--eval-ratio', '0'))).stdout);
  assert.equal(all.train_questions, 6);
  assert.equal(all.train_exact_match, (await answered(join(root, 'unmeasured'), pairs)) / 6);
  assert.ok(!('eval_exact_match' in all));
  const few = ['--eval-ratio', '0', '--max-steps', '1', '--eval-replies'];
  assert.equal(resultOf((await trainHere(words('few', ...few, '4'))).stdout).train_questions, 4);
  assert.ok(!('train_questions' in resultOf((await trainHere(words('none', ...few, '0'))).stdout)));
});
