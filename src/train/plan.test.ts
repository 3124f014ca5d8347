import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { completeOptions } from '../config/schema.js';
import { trainOptions } from '../config/train-options.js';
import { TextConversations } from '../corpus/conversations.js';
import type { Dialogue } from '../corpus/dialogue.js';
import type { LossOn } from '../corpus/learnt-turns.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import { prepareData } from './data.js';
import { lengthWarning } from './plan.js';

const prepared = (dialogues: readonly Dialogue[], maxLength: number, lossOn: LossOn = 'auto') => {
  const options = { ...completeOptions(trainOptions, []), lossOn };
  return prepareData(
    { train: TextConversations.of(dialogues), evaluation: TextConversations.of([]), replay: null, notes: [] },
    { ...options, perDeviceTrainBatchSize: 8 },
    gpt2Tokenizer(),
    maxLength,
  );
};
const dialogue = (...texts: string[]): Dialogue => ({
  turns: texts.map((text) => ({ text, supervised: true })),
  source: 'chats.jsonl:1',
});
const words = (count: number) => Array.from({ length: count }, () => 'word').join(' ');

test('turns, replies and tokens that do not fit are counted, and a third of all tokens is a warning', () => {
  const { counts } = prepared(
    [dialogue('a', 'b', words(9)), dialogue('a', words(30)), dialogue('a', 'b')],
    12,
  );
  assert.deepEqual(
    [counts.dialoguesThatLostTurns, counts.cutReplies, counts.lostTokens],
    [1, 1, 2 + (2 + 31 - 13)],
  );
  assert.equal(
    lengthWarning(counts, 12, 1024)?.replace(/\P{ASCII}/gu, ''),
    'warning: 43% of all tokens are lost, because dialogues are longer than 12 tokens; a larger ["maxLength"] loses fewer (the model takes up to 1024)',
  );
  assert.match(lengthWarning(counts, 12, 12) ?? '', /; the model takes no more; split the dialogues/);
  assert.equal(lengthWarning(prepared([dialogue('a', 'b')], 12).counts, 12, 1024), null);
});

test('text that spells special tokens is told', () => {
  const { notes } = prepared([dialogue('a<|endoftext|>', 'b<|endoftext|>'), dialogue('a', 'b')], 12);
  assert.deepEqual(notes, ['2 end-of-text markers in the text: the turn ends there']);
});

test('--loss-on assistant without known roles is refused, and the message says what works', () => {
  const said = refusal('data', () => prepared([dialogue('a', 'b')], 12, 'assistant'));
  assert.match(said, /no turn is known to be an assistant's; use --loss-on responses$/);
  assert.equal(prepared([dialogue('a', 'b')], 12, 'responses').counts.supervisedTokens, 2);
});

test('in a corpus of both kinds, the dialogues that say who speaks are counted', () => {
  const known: Dialogue = {
    turns: [
      { text: 'a', supervised: true, role: 'assistant' },
      { text: 'b', supervised: true, role: 'user' },
      { text: 'c', supervised: true, role: 'assistant' },
    ],
    source: 'chats.jsonl:2',
  };
  const { counts } = prepared([dialogue('a', 'b', 'c'), known], 12);
  assert.deepEqual([counts.dialogues, counts.assistantDialogues, counts.supervisedTokens], [2, 1, 4 + 3]);
});
