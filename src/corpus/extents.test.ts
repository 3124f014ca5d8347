import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extents } from './extents.js';

test('positions add up the sizes of all records before', () => {
  for (const bytesOf of [(length: number) => length, (length: number) => 3 * length + 1]) {
    const extents = new Extents(bytesOf);
    const lengths = Array.from({ length: 300 }, (_, index) => (index * 7) % 11);
    for (const length of lengths) extents.push(length);
    assert.equal(extents.length, 300);
    let start = 0;
    for (const [index, length] of lengths.entries()) {
      assert.equal(extents.startOf(index), start);
      assert.equal(extents.lengthOf(index), length);
      start += bytesOf(length);
    }
  }
});
