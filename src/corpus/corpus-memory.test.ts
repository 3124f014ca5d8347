import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '../random.js';
import type { LabelledTokens } from './encode-dialogue.js';
import { EncodedCorpus } from './encoded-corpus.js';
import { EpochSteps } from './epoch-steps.js';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** The bytes of all typed arrays in use. */
function arrayBytes(): number {
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

function* dialogues(lengths: readonly number[]): Generator<LabelledTokens> {
  for (const length of lengths)
    yield { tokens: new Int32Array(length), targets: new Int32Array(length).fill(-1), supervisedTokens: 0 };
}

test('besides its tokens, a dialogue in training takes at most 22 bytes of memory', () => {
  const count = 150_000;
  const random = new Random(1);
  const lengths = Array.from({ length: count }, () => 1 + random.below(40));
  const before = arrayBytes();
  const corpus = EncodedCorpus.of(dialogues(lengths));
  const steps = new EpochSteps(corpus, {
    ...{ maxLength: 512, packing: true, seed: 1 },
    ...{ batchSize: 1, gradientAccumulationSteps: 1 },
  });
  assert.ok(steps.step(0, 0).tokens > 0);
  // Two bytes for each token and the last target, and a bit for each input, in chunks of 4 MB.
  const bytesOf = (length: number) => 2 * (length + 1) + Math.ceil(length / 8);
  const spooled = lengths.reduce((sum, length) => sum + bytesOf(length), 0);
  const perDialogue = (arrayBytes() - before - Math.ceil(spooled / 2 ** 22) * 2 ** 22) / count;
  assert.ok(perDialogue <= 22, `${perDialogue} bytes`);
  assert.ok(steps.step(1, 0).tokens > 0);
});
