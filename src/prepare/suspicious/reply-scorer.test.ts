// The loss of each reply is what the model's logits say, however dialogues share forward passes, and what training computes for
// dialogues that are too long.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { asyncRefusal } from '../../../test/refusal.js';
import { makeTinyModel, scratchFolder, tinyConfig } from '../../../test/tiny-run.js';
import { collate } from '../../corpus/batch.js';
import type { Dialogue } from '../../corpus/dialogue.js';
import { encodeDialogue } from '../../corpus/encode-dialogue.js';
import { TrainingText } from '../../corpus/training-text.js';
import { createCpuDevice } from '../../device/cpu/cpu-device.js';
import type { Device } from '../../device/device.js';
import { loadWeights, openNamed } from '../../generate/named-model.js';
import { GPT2 } from '../../nn/gpt2.js';
import { ScoringPass } from '../../nn/scoring-pass.js';
import { openReplyScorer, type ReplyScorer, type ScoredReply } from './reply-scorer.js';

const root = scratchFolder('suspicious');
const folder = makeTinyModel(join(root, 'model'));

let device: Device;
let scorer: ReplyScorer;
let pass: ScoringPass;
let text: TrainingText;
before(async () => {
  device = createCpuDevice({ threads: 2 });
  scorer = await openReplyScorer(folder, { device, weights: 'fp32' });
  const opened = await openNamed(folder, {});
  const model = new GPT2(device, opened.config, { trainable: false });
  loadWeights(model, opened);
  pass = new ScoringPass(model, { capacity: 64 });
  text = new TrainingText(opened.tokenizer);
});
after(() => device.dispose());

const dialogueOf = (...texts: readonly string[]): Dialogue => ({
  turns: texts.map((text) => ({ text, supervised: true })),
  source: 'chats.jsonl:1',
});

async function scored(dialogues: readonly Dialogue[]): Promise<readonly ScoredReply[]> {
  const replies = await scorer.score(dialogues, () => {});
  return Array.from({ length: replies.length }, (_, index) => replies.at(index));
}

/** The mean of -log p over the tokens of the last turn, in float64 from the logits of this dialogue alone. */
function directLoss(texts: readonly string[]): number {
  const turns = texts.map((one) => text.encode(one).ids);
  const all = turns.flat();
  const own = turns.at(-1) ?? [];
  const tokens = Int32Array.from(all.slice(0, -1));
  const targets = new Int32Array(tokens.length).fill(-1);
  const logits = pass.logits(
    collate([[{ tokens, targets, supervisedTokens: 0 }]], { maxLength: 64, pad: false }),
  );
  const width = tinyConfig.vocabSize;
  const losses = own.map((id, index) => {
    const row = all.length - own.length + index - 1;
    const scores = Array.from(logits.subarray(row * width, (row + 1) * width));
    const most = Math.max(...scores);
    const sum = scores.reduce((total, score) => total + Math.exp(score - most), 0);
    return most + Math.log(sum) - (scores[id] ?? Number.NaN);
  });
  return losses.reduce((total, loss) => total + loss, 0) / losses.length;
}

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-4, `${actual} and ${expected}`);
}

test('a loss is the mean of -log p over the tokens of a reply, given the turns before it', async () => {
  const texts = [
    ['hello', 'hello there', 'how are you', 'fine thanks'],
    ['bye', 'see you soon'],
  ];
  const replies = await scored(texts.map((one) => dialogueOf(...one)));
  assert.deepEqual(
    replies.map(({ dialogue, turn }) => [dialogue, turn]),
    [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 1],
    ],
  );
  for (const { dialogue, turn, tokens, loss } of replies) {
    const before = texts[dialogue]?.slice(0, turn + 1) ?? [];
    assertClose(loss, directLoss(before));
    assert.equal(tokens, text.encode(before.at(-1) ?? '').ids.length);
  }
});

test('only what training learns is scored', async () => {
  const turns = (['system', 'user', 'assistant', 'user', 'assistant'] as const).map((role, index) => ({
    text: `turn ${index}`,
    supervised: role !== 'system' && index < 4,
    role,
  }));
  const replies = await scored([{ turns, source: 'chats.jsonl:1' }]);
  assert.deepEqual(
    replies.map(({ turn }) => turn),
    [2],
  );
});

test('each reply of a dialogue longer than the context is scored once, and what training keeps with the same loss', async () => {
  const dialogue = dialogueOf(...Array.from({ length: 12 }, (_, index) => `this is turn ${index}`));
  const replies = await scored([dialogue]);
  assert.deepEqual(
    replies.map(({ turn }) => turn),
    Array.from({ length: 11 }, (_, index) => index + 1),
  );
  const encoded = encodeDialogue(dialogue, text, { lossOn: 'auto', maxLength: 64, order: 'forward' });
  assert.ok(encoded && encoded.droppedTurns > 0);
  const losses = pass.losses(collate([[encoded]], { maxLength: 64, pad: false }));
  const kept = replies.slice(encoded.droppedTurns);
  const sum = kept.reduce((total, { loss, tokens }) => total + loss * tokens, 0);
  assertClose(sum / losses.length, losses.reduce((total, loss) => total + loss, 0) / losses.length);
  assert.equal(
    losses.length,
    kept.reduce((total, { tokens }) => total + tokens, 0),
  );
});

test('a reply longer than the context is cut, as in training', async () => {
  const [reply] = await scored([dialogueOf('hello', 'a lot of text '.repeat(20))]);
  assert.ok(reply && reply.tokens < 64 && reply.loss > 0);
});

test('the same dialogues have the same losses', async () => {
  const many = Array.from({ length: 300 }, (_, index) =>
    dialogueOf(`hello ${index}`, 'fine', `bye ${index}`),
  );
  assert.deepEqual(await scored(many), await scored(many));
});

test('a reversed model and a fresh one are refused', async () => {
  const reversed = makeTinyModel(join(root, 'reversed'), { ...tinyConfig, dialogueOrder: 'reversed' });
  const open = (name: string) => openReplyScorer(name, { device, weights: 'fp32' });
  assert.match(await asyncRefusal('model', () => open(reversed)), /name a model for --suspicious/);
  assert.match(await asyncRefusal('model', () => open('tiny')), /has learned nothing yet/);
});
