import assert from 'node:assert/strict';
import { it } from 'node:test';
import { JsonSpool } from './json-spool.js';

it('gives back what was added, in order, also values longer than a batch', () => {
  const spool = new JsonSpool<{ index: number; text: string }>();
  const lengths = [0, 1, 300_000, 5, 600_001, 7];
  const values = lengths.map((length, index) => ({ index, text: `é\n${'x'.repeat(length)}` }));
  for (const value of values) spool.add(value);
  assert.equal(spool.count, values.length);
  assert.deepEqual([...spool.values()], values);
  assert.deepEqual([...spool.values()], values);
  spool.release();
  assert.deepEqual([...spool.values()], []);
});
