// Replayed conversations: how many, which, and that none of them is evaluated on.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { completeOptions } from '../config/schema.js';
import { type TrainOptions, trainOptions } from '../config/train-options.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import { OpenCorpora } from './corpora.js';
import { prepareData } from './data.js';

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
after(() => rmSync(folder, { recursive: true }));

function pairs(name: string, count: number, question: string, answer: string): string {
  const path = join(folder, `${name}.jsonl`);
  const line = (index: number) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: `${question} ${index}` },
        { role: 'assistant', content: answer },
      ],
    });
  writeFileSync(path, `${Array.from({ length: count }, (_, index) => line(index)).join('\n')}\n`);
  return path;
}

const fresh = pairs('new', 20, 'new question', 'a new answer');
const known = pairs('known', 200, 'old question', 'the old answer');
const heldOut = pairs('held', 100, 'old question', 'the old answer');

function data(given: Partial<TrainOptions>) {
  const options = { ...completeOptions(trainOptions, []), evalRatio: 0, data: [fresh], ...given };
  const corpora = new OpenCorpora(options).of(null);
  return prepareData(corpora, { ...options, perDeviceTrainBatchSize: 8 }, gpt2Tokenizer(), 64);
}

const alone = data({});

it('adds the share of tokens that is asked for, drawn by the seed', () => {
  for (const replayRatio of [0.25, 0.5, 0.75]) {
    const { counts, notes } = data({ replay: [known], replayRatio });
    const share = 1 - alone.counts.tokens / counts.tokens;
    assert.ok(share >= replayRatio && share < replayRatio + 0.02, `${share}`);
    assert.ok(notes.some((note) => note.includes(`replays ${counts.dialogues - 20} dialogues of`)));
  }
  const first = data({ replay: [known] }).fingerprints.training;
  assert.equal(data({ replay: [known] }).fingerprints.training, first);
  assert.notEqual(data({ replay: [known], seed: 7 }).fingerprints.training, first);
});

it('replays all there is, and says so, when that is too little', () => {
  const few = pairs('few', 3, 'old question', 'the old answer');
  const { counts, notes } = data({ replay: [few], replayRatio: 0.9 });
  assert.equal(counts.dialogues, 23);
  assert.ok(notes.some((note) => /of the tokens of an epoch, not 90%: there are no more/.test(note)));
});

it('never replays what is evaluated on', () => {
  const options = {
    ...completeOptions(trainOptions, []),
    ...{ data: [fresh], replay: [known], evalData: [heldOut], replayRatio: 0.5 },
  };
  const { replay } = new OpenCorpora(options).of(null);
  assert.equal(replay?.length, 100);
});

it('changes nothing when nothing is replayed', () => {
  assert.equal(data({ replayRatio: 0.9 }).fingerprints.training, alone.fingerprints.training);
});
