// What becomes of the variants that an augmenter gives.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PreparedDialogue } from '../../corpus/prepared/prepared-dialogue.js';
import { Ledger } from '../ledger.js';
import type { Asked, Variation } from './augmenter.js';
import { type Counts, type VaryOptions, variants } from './variants.js';

const usual: VaryOptions = { share: 1, copies: 1, vary: 'context', seed: 1 };

function dialogueOf(id: string, texts: readonly string[]): PreparedDialogue {
  const turns = texts.map((text, index) =>
    index % 2 === 0
      ? ({ text, supervised: false, role: 'user' } as const)
      : ({ text, supervised: true, role: 'assistant' } as const),
  );
  return { id, dialogue: { turns, source: 'chats.jsonl:1' }, changedBy: [] };
}

/** @param vary what the augmenter makes of a text. */
async function made(
  originals: readonly PreparedDialogue[],
  vary: (asked: Asked) => string | null,
  changed: Partial<VaryOptions> = {},
) {
  const batches: number[] = [];
  const augmenter: Variation = {
    kind: 'variation',
    vary(turns) {
      batches.push(turns.length);
      return turns.map(vary);
    },
  };
  const count: Counts = { dialogues: 0, turns: 0, refused: new Map() };
  const options = { ...usual, ...changed };
  const found = [];
  for await (const one of variants(originals, { name: 'x', augmenter, options, ledger: new Ledger(), count }))
    found.push(one);
  return { found, count, batches };
}

const please = ({ text }: Asked) => `${text} and please`;

it('a varied turn is not learned, and a reply is learned again only after one', async () => {
  const original = dialogueOf('a', ['Hello', 'Hi', 'Where is it?', 'Here']);
  const { found, count } = await made([original], ({ text }) =>
    text === 'Hello' ? null : `${text} Tell me`,
  );
  assert.deepEqual(
    found[0]?.dialogue.turns.map(({ text, supervised }) => [text, supervised]),
    [
      ['Hello', false],
      ['Hi', false],
      ['Where is it? Tell me', false],
      ['Here', true],
    ],
  );
  assert.equal(count.turns, 1);
});

it('varied replies are learned if replies are varied', async () => {
  const { found } = await made([dialogueOf('a', ['Hello to you', 'Hi there my friend'])], please, {
    vary: 'all',
  });
  assert.deepEqual(
    found[0]?.dialogue.turns.map(({ text, supervised }) => [text, supervised]),
    [
      ['Hello to you and please', false],
      ['Hi there my friend and please', true],
    ],
  );
});

it('what is refused is counted, and a dialogue without variants is left out', async () => {
  const originals = [dialogueOf('a', ['I need 2', 'Sure']), dialogueOf('b', ['Hello', 'Hi'])];
  const { found, count } = await made(originals, ({ text }) => (text === 'Hello' ? 'hello!' : 'I need 3'));
  assert.deepEqual(found, []);
  assert.deepEqual(
    [...count.refused],
    [
      ['numbers changed', 1],
      ['identical', 1],
    ],
  );
});

it('a dialogue has the same variants whatever else is in the corpus, and other ones for each copy', async () => {
  const originals = Array.from({ length: 300 }, (_, index) =>
    dialogueOf(`d${index}`, [`Question ${index}`, 'Yes']),
  );
  const drawn = ({ text, random }: Asked) =>
    `${text} ${'abcdefgh'[random.below(8)]}${'abcdefgh'[random.below(8)]}`;
  const { found, batches } = await made(originals, drawn, { copies: 3, share: 0.5 });
  assert.ok(batches.every((length) => length <= 256));
  const dialogues = new Set(found.map(({ from }) => from));
  assert.ok(dialogues.size > 110 && dialogues.size < 190);
  assert.equal(found.length, 3 * dialogues.size);
  assert.ok(new Set(found.map(({ dialogue }) => dialogue.turns[0]?.text)).size > 2.5 * dialogues.size);
  const alone = await made(originals.slice(200), drawn, { copies: 3, share: 0.5 });
  assert.deepEqual(
    alone.found,
    found.filter(({ from }) => Number(from.slice(1)) >= 200),
  );
});
