import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { letters, spelt } from '../../test/letters.js';
import type { DialogueOrder } from '../nn/gpt2-config.js';
import type { Dialogue, Turn } from './dialogue.js';
import { encodeDialogue, unsupervised } from './encode-dialogue.js';
import { type LossOn, learntTurns, learntTurnsReversed } from './learnt-turns.js';
import { TrainingText } from './training-text.js';

const say = (text: string, supervised = true): Turn => ({ text, supervised });
const system = (text: string): Turn => ({ text, supervised: false, role: 'system' });
const dialogue = (...turns: Turn[]): Dialogue => ({ turns, source: 'test:1' });
const encode = (
  turns: Turn[],
  lossOn: LossOn = 'responses',
  maxLength = 100,
  order: DialogueOrder = 'forward',
) => encodeDialogue(dialogue(...turns), new TrainingText(letters), { lossOn, maxLength, order });

/** Tokens as letters, the end of a turn as `|`, and targets that are not learned as `.`. */
function learned(
  turns: Turn[],
  lossOn: LossOn = 'responses',
  maxLength = 100,
  order: DialogueOrder = 'forward',
): readonly [string, string] | null {
  const encoded = encode(turns, lossOn, maxLength, order);
  return encoded && [spelt(encoded.tokens), spelt(encoded.targets)];
}

test('every turn ends with end-of-text, and the last token is only a target', () => {
  assert.deepEqual(learned([say('ab'), say('cd')]), ['ab|cd', '..cd|']);
});

test('responses learns all turns after the first, all learns all turns, last learns the last turn', () => {
  const turns = [say('ab'), say('c'), say('d')];
  assert.deepEqual(learned(turns, 'responses'), ['ab|c|d', '..c|d|']);
  assert.deepEqual(learned(turns, 'all'), ['ab|c|d', 'b|c|d|']);
  assert.deepEqual(learned(turns, 'last'), ['ab|c|d', '....d|']);
});

test('an unsupervised turn is context for every value of lossOn', () => {
  const turns = [say('a'), say('b', false), say('c')];
  assert.deepEqual(learned(turns, 'responses'), ['a|b|c', '...c|']);
  assert.deepEqual(learned(turns, 'all'), ['a|b|c', '|..c|']);
  assert.equal(learned([say('a'), say('b', false)], 'last'), null);
});

test('a system turn is never learned, and the turn after it counts as the first', () => {
  const turns = [system('s'), say('a'), say('b')];
  assert.deepEqual(learned(turns, 'responses'), ['s|a|b', '...b|']);
  assert.deepEqual(learned(turns, 'all'), ['s|a|b', '.a|b|']);
});

test('a dialogue without learned turns is null', () => {
  assert.equal(encode([say('a')]), null);
  assert.equal(encode([say('a', false), say('b', false)], 'all'), null);
  assert.equal(encode([]), null);
});

test('the oldest turns are dropped first, as whole turns', () => {
  const turns = [say('aa'), say('bb'), say('cc'), say('dd')];
  // 12 tokens, of which 11 are inputs: a maxLength of 11 is enough, and 10 is not.
  assert.deepEqual(learned(turns, 'responses', 11)?.[0], 'aa|bb|cc|dd');
  assert.deepEqual(learned(turns, 'responses', 10)?.[0], 'bb|cc|dd');
  const encoded = encode(turns, 'responses', 7);
  assert.equal(encoded && spelt(encoded.tokens), 'cc|dd');
  assert.equal(encoded?.droppedTurns, 2);
  assert.equal(encoded?.droppedTokens, 6);
});

test('if the last two turns are too long, the context keeps its end and the reply keeps its beginning', () => {
  // Room for 8 inputs and the last target: half of 9 for the context, and the rest for the reply.
  assert.deepEqual(learned([say('abcdefgh'), say('ijklmnop')], 'responses', 8), ['fgh|ijkl', '...ijklm']);
  assert.deepEqual(learned([say('abcdefgh'), say('i')], 'responses', 6), ['efgh|i', '....i|']);
  assert.deepEqual(learned([say('a'), say('bcdefgh')], 'responses', 5), ['a|bcd', '.bcde']);
});

describe('reversed', () => {
  const reversed = (turns: Turn[], lossOn: LossOn = 'responses', maxLength = 100) =>
    learned(turns, lossOn, maxLength, 'reversed');

  test('the last turn comes first, and each earlier turn is learned from the later ones', () => {
    assert.deepEqual(reversed([say('ab'), say('c'), say('d')]), ['d|c|ab', '.c|ab|']);
    assert.deepEqual(reversed([say('ab'), say('c'), say('d')], 'all'), ['d|c|ab', '|c|ab|']);
  });

  test('last learns only the turn that the last turn answers', () => {
    assert.deepEqual(reversed([say('ab'), say('c'), say('d')], 'last'), ['d|c', '.c|']);
  });

  test('a source is learned if its response is supervised, as in files with DialoGPT weights', () => {
    assert.deepEqual(reversed([say('a', false), say('b')]), ['b|a', '.a|']);
    assert.deepEqual(reversed([say('a', false), say('b', false), say('c')]), ['c|b', '.b|']);
    assert.equal(reversed([say('a'), say('b', false)]), null);
  });

  test('system turns are left out', () => {
    assert.deepEqual(reversed([system('s'), say('a'), say('b')], 'all'), ['b|a', '|a|']);
  });

  test('the oldest turns are dropped, although they come last', () => {
    const turns = [say('aa'), say('bb'), say('cc'), say('dd')];
    assert.deepEqual(reversed(turns, 'responses', 11)?.[0], 'dd|cc|bb|aa');
    assert.deepEqual(reversed(turns, 'responses', 10)?.[0], 'dd|cc|bb');
    const encoded = encode(turns, 'responses', 7, 'reversed');
    assert.equal(encoded && spelt(encoded.tokens), 'dd|cc');
    assert.equal(encoded?.droppedTurns, 2);
    assert.equal(encoded?.droppedTokens, 6);
  });

  test('the turn that the assistant answers is learned, but no tool answer and no turn separated from its reply by one', () => {
    const role = (name: 'user' | 'assistant' | 'tool', text: string): Turn => ({
      text,
      supervised: name !== 'tool',
      role: name,
    });
    const talk = [role('assistant', 'o'), role('user', 'a'), role('assistant', 'b'), role('user', 'c')];
    assert.deepEqual(reversed(talk, 'auto'), ['c|b|a', '...a|']);
    assert.deepEqual(reversed(talk, 'auto'), reversed(talk, 'assistant'));
    const tools = [role('user', 'a'), role('tool', 't'), role('assistant', 'b')];
    assert.equal(reversed(tools, 'auto'), null);
    assert.deepEqual(learned(tools, 'auto'), ['a|t|b', '...b|']);
  });

  test('if two turns are too long, the response keeps its end and its source keeps its beginning', () => {
    assert.deepEqual(reversed([say('ijklmnop'), say('abcdefgh')], 'responses', 8), ['fgh|ijkl', '...ijklm']);
  });
});

const upToLastLearnt = (turns: Turn[], lossOn: LossOn, order: DialogueOrder) =>
  (order === 'reversed' ? learntTurnsReversed : learntTurns)(dialogue(...turns), lossOn);

const anyTurn: fc.Arbitrary<Turn> = fc.record({
  text: fc.string({ minLength: 1, maxLength: 12 }),
  supervised: fc.boolean(),
});
const anyTurns = fc.array(anyTurn, { minLength: 1, maxLength: 7 });
const anyLength = fc.integer({ min: 1, max: 40 });
const anyOrder = fc.constantFrom<DialogueOrder>('forward', 'reversed');
const anyLoss = fc.constantFrom<LossOn>('responses', 'all', 'last');

test('every dialogue fits, targets are the next tokens, and all tokens are kept or counted as dropped', () => {
  fc.assert(
    fc.property(anyTurns, anyLoss, anyLength, anyOrder, (turns, lossOn, maxLength, order) => {
      const encoded = encode(turns, lossOn, maxLength, order);
      if (!encoded) return;
      const { tokens, targets, droppedTokens, droppedTurns, supervisedTokens } = encoded;
      const all = upToLastLearnt(turns, lossOn, order).flatMap(({ turn }) => [
        ...letters.encode(turn.text),
        letters.endOfText,
      ]);
      assert.ok(tokens.length >= 1 && tokens.length <= maxLength);
      assert.equal(targets.length, tokens.length);
      assert.equal(tokens.length + 1 + droppedTokens, all.length);
      assert.ok(droppedTurns <= Math.max(0, turns.length - 2));
      for (let position = 0; position + 1 < tokens.length; position++)
        if (targets[position] !== unsupervised) assert.equal(targets[position], tokens[position + 1]);
      assert.equal(targets.filter((id) => id !== unsupervised).length, supervisedTokens);
      assert.ok(supervisedTokens > 0);
      if (droppedTokens === 0) assert.deepEqual([...tokens], all.slice(0, -1));
    }),
    { seed: 1, numRuns: 400 },
  );
});

test('the dropped part of an overlong dialogue does not affect the rest', () => {
  fc.assert(
    fc.property(anyTurns, anyLoss, anyLength, anyOrder, (turns, lossOn, maxLength, order) => {
      const encoded = encode(turns, lossOn, maxLength, order);
      if (!encoded) return;
      const read = upToLastLearnt(turns, lossOn, order).length;
      const keptTurns =
        order === 'reversed'
          ? turns.slice(turns.length - read + encoded.droppedTurns)
          : turns.slice(encoded.droppedTurns, read);
      const kept = encode(keptTurns, lossOn, maxLength, order);
      assert.deepEqual(kept && [kept.tokens, kept.targets], [encoded.tokens, encoded.targets]);
    }),
    { seed: 2, numRuns: 200 },
  );
});

describe('a dialogue that is too long', () => {
  const role = (name: 'user' | 'assistant', text: string): Turn => ({ text, supervised: true, role: name });

  test('a reply whose question was dropped is context, and an opening is learned', () => {
    const turns = [role('assistant', 'aa'), role('user', 'bb'), role('assistant', 'cc'), role('user', 'dd')];
    assert.deepEqual(learned(turns, 'auto'), ['aa|bb|cc', 'a|...cc|']);
    const more = [role('user', 'xx'), ...turns.slice(0, 3)];
    assert.deepEqual(learned(more, 'auto', 9), ['aa|bb|cc', '.....cc|']);
  });

  test('dropped turns, cut replies and lost tokens are counted separately', () => {
    const lost = (turns: Turn[], maxLength: number) => {
      const encoded = encode(turns, 'responses', maxLength);
      return encoded && [encoded.droppedTurns, encoded.cutReply, encoded.droppedTokens];
    };
    assert.deepEqual(lost([say('aa'), say('bb'), say('cc')], 100), [0, false, 0]);
    assert.deepEqual(lost([say('aa'), say('bb'), say('cc')], 6), [1, false, 3]);
    assert.deepEqual(lost([say('a'), say('bcdefgh')], 5), [0, true, 4]);
    assert.deepEqual(lost([say('abcdefgh'), say('i')], 6), [0, false, 4]);
  });

  test('turns after the last learned turn take no room', () => {
    const turns = [role('user', 'a'), role('assistant', 'b'), role('user', 'cccccccc')];
    assert.deepEqual(learned(turns, 'auto', 4), ['a|b', '.b|']);
  });
});
