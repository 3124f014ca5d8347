// Finding the names of speakers in texts.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NameBook } from './names.js';

function foundIn(text: string, ...names: readonly string[]): string[] {
  const book = new NameBook();
  for (const name of names) book.add(name);
  return [...book.find(text)].map(([start, end]) => text.slice(start, end));
}

it('finds whole names and their parts, however they are written', () => {
  const text = 'hey ALICE, alice smith here, ask Mrs Smith';
  assert.deepEqual(foundIn(text, 'Alice Smith'), ['ALICE', 'alice smith', 'Smith']);
});

it('finds names in texts without spaces', () => {
  assert.deepEqual(foundIn('王小明你好，小明和Ann都在', '王小明', 'Ann 🌸'), ['王小明', '小明', 'Ann']);
});

it('finds no names inside of words', () => {
  assert.deepEqual(foundIn('annual planning with annabel', 'Ann'), []);
});

it('takes a name that is also a word only where it is written like a name', () => {
  assert.deepEqual(foundIn('Will you come? I will. Tell Will, will you?', 'Will'), ['Will']);
  assert.deepEqual(foundIn('Will, are you there?', 'Will'), ['Will']);
});

it('takes roles, numbers and single characters for no names', () => {
  assert.deepEqual(
    foundIn('you and the agent called support 5 times. A user.', 'Agent', 'You', '5', 'A', 'User'),
    [],
  );
  assert.deepEqual(foundIn('客服说我可以', '客服', '我'), []);
});
