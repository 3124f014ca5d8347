import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collate } from './batch.js';
import { type LabelledTokens, unsupervised } from './encode-dialogue.js';

const maxLength = 24;

function encoded(tokens: readonly number[], targets: readonly number[]): LabelledTokens {
  return {
    tokens: Int32Array.from(tokens),
    targets: Int32Array.from(targets),
    supervisedTokens: targets.filter((id) => id !== unsupervised).length,
  };
}

const anyDialogue = fc
  .array(fc.tuple(fc.nat(99), fc.integer({ min: -1, max: 99 })), { minLength: 1, maxLength: 8 })
  .map((pairs) =>
    encoded(
      pairs.map(([token]) => token),
      pairs.map(([, target]) => target),
    ),
  );
/** Three dialogues of at most 8 tokens always fit into one sequence. */
const anySequences = fc.array(fc.array(anyDialogue, { minLength: 1, maxLength: 3 }), { maxLength: 5 });

test('two dialogues in one sequence are two segments whose positions start at 0', () => {
  const batch = collate([[encoded([5, 6, 7], [-1, 7, 8]), encoded([1, 2], [-1, 3])], [encoded([9], [4])]], {
    maxLength,
    pad: false,
  });
  assert.deepEqual(batch, {
    tokens: Int32Array.of(5, 6, 7, 1, 2, 9),
    positions: Int32Array.of(0, 1, 2, 0, 1, 0),
    segmentStarts: Int32Array.of(0, 0, 0, 3, 3, 5),
    segmentEnds: Int32Array.of(3, 3, 3, 5, 5, 6),
    supervisedRows: Int32Array.of(1, 2, 4, 5),
    targets: Int32Array.of(7, 8, 3, 4),
  });
});

test('padding fills each sequence, and each padding token is a separate segment without a target', () => {
  const batch = collate([[encoded([5, 6], [-1, 7])], [encoded([1, 2, 3], [2, 3, 4])]], {
    maxLength: 4,
    pad: true,
  });
  assert.deepEqual([...batch.tokens], [5, 6, 0, 0, 1, 2, 3, 0]);
  assert.deepEqual([...batch.segmentStarts], [0, 0, 2, 3, 4, 4, 4, 7]);
  assert.deepEqual([...batch.segmentEnds], [2, 2, 3, 4, 7, 7, 7, 8]);
  assert.deepEqual([...batch.positions], [0, 1, 0, 0, 0, 1, 2, 0]);
  assert.deepEqual([...batch.supervisedRows], [1, 4, 5, 6]);
});

test('segments are well-formed and hold the dialogues unchanged', () => {
  fc.assert(
    fc.property(anySequences, fc.boolean(), (sequences, pad) => {
      const batch = collate(sequences, { maxLength, pad });
      const { tokens, positions, segmentStarts, segmentEnds, supervisedRows, targets } = batch;
      const dialogues = sequences.flat();
      const count = dialogues.reduce((sum, dialogue) => sum + dialogue.tokens.length, 0);
      assert.equal(tokens.length, pad ? sequences.length * maxLength : count);
      const targetAt = new Map(Array.from(supervisedRows, (row, index) => [row, targets[index]]));
      assert.equal(targetAt.size, targets.length);
      assert.deepEqual(
        [...supervisedRows],
        [...supervisedRows].sort((left, right) => left - right),
      );

      const found: { tokens: number[]; targets: number[] }[] = [];
      for (let start = 0; start < tokens.length; ) {
        const end = segmentEnds[start] ?? Number.NaN;
        assert.ok(end > start && end <= tokens.length);
        const rowsThere = Array.from({ length: end - start }, (_, position) => start + position);
        for (const row of rowsThere)
          assert.deepEqual([segmentStarts[row], segmentEnds[row], positions[row]], [start, end, row - start]);
        found.push({
          tokens: rowsThere.map((row) => tokens[row] ?? Number.NaN),
          targets: rowsThere.map((row) => targetAt.get(row) ?? unsupervised),
        });
        start = end;
      }
      const padding = (sequence: readonly LabelledTokens[]) =>
        pad ? maxLength - sequence.reduce((sum, dialogue) => sum + dialogue.tokens.length, 0) : 0;
      const expected = sequences.flatMap((sequence) => [
        ...sequence.map((dialogue) => ({ tokens: [...dialogue.tokens], targets: [...dialogue.targets] })),
        ...Array.from({ length: padding(sequence) }, () => ({ tokens: [0], targets: [unsupervised] })),
      ]);
      assert.deepEqual(found, expected);
    }),
    { seed: 6, numRuns: 150 },
  );
});

test('a sequence that is too long is refused', () => {
  const sequence = [encoded([1, 2, 3], [-1, -1, 4])];
  assert.throws(() => collate([sequence], { maxLength: 2, pad: false }), RangeError);
});
