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
/** Three of at most 8 tokens always fit a row. */
const anyRows = fc.array(fc.array(anyDialogue, { minLength: 1, maxLength: 3 }), { maxLength: 5 });

test('two dialogues in a row are two segments that count their positions from 0', () => {
  const batch = collate([[encoded([5, 6, 7], [-1, 7, 8]), encoded([1, 2], [-1, 3])], [encoded([9], [4])]], {
    maxLength,
    padTo: 'none',
  });
  assert.deepEqual(batch, {
    tokens: Int32Array.of(5, 6, 7, 1, 2, 9),
    positions: Int32Array.of(0, 1, 2, 0, 1, 0),
    segmentStarts: Int32Array.of(0, 0, 0, 3, 3, 5),
    segmentEnds: Int32Array.of(3, 3, 3, 5, 5, 6),
    supervisedRows: Int32Array.of(1, 2, 4, 5),
    targets: Int32Array.of(7, 8, 3, 4),
    tokenCount: 6,
  });
});

test('padding fills each row, and every token of it is a segment of its own without a target', () => {
  const batch = collate([[encoded([5, 6], [-1, 7])], [encoded([1, 2, 3], [2, 3, 4])]], {
    maxLength: 4,
    padTo: 'row',
  });
  assert.deepEqual([...batch.tokens], [5, 6, 0, 0, 1, 2, 3, 0]);
  assert.deepEqual([...batch.segmentStarts], [0, 0, 2, 3, 4, 4, 4, 7]);
  assert.deepEqual([...batch.segmentEnds], [2, 2, 3, 4, 7, 7, 7, 8]);
  assert.deepEqual([...batch.positions], [0, 1, 0, 0, 0, 1, 2, 0]);
  assert.deepEqual([...batch.supervisedRows], [1, 4, 5, 6]);
  assert.equal(batch.tokenCount, 5);
});

test('segments are well-formed and hold the dialogues as they were', () => {
  fc.assert(
    fc.property(anyRows, fc.constantFrom('none' as const, 'row' as const), (rows, padTo) => {
      const { tokens, positions, segmentStarts, segmentEnds, supervisedRows, targets, tokenCount } = collate(
        rows,
        { maxLength, padTo },
      );
      const dialogues = rows.flat();
      assert.equal(
        tokenCount,
        dialogues.reduce((sum, dialogue) => sum + dialogue.tokens.length, 0),
      );
      assert.equal(tokens.length, padTo === 'row' ? rows.length * maxLength : tokenCount);
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
      const padding = (row: readonly LabelledTokens[]) =>
        padTo === 'row' ? maxLength - row.reduce((sum, dialogue) => sum + dialogue.tokens.length, 0) : 0;
      const expected = rows.flatMap((row) => [
        ...row.map((dialogue) => ({ tokens: [...dialogue.tokens], targets: [...dialogue.targets] })),
        ...Array.from({ length: padding(row) }, () => ({ tokens: [0], targets: [unsupervised] })),
      ]);
      assert.deepEqual(found, expected);
    }),
    { seed: 6, numRuns: 150 },
  );
});

test('a row that is too long is refused', () => {
  const row = [encoded([1, 2, 3], [-1, -1, 4])];
  assert.throws(() => collate([row], { maxLength: 2, padTo: 'none' }), RangeError);
});
