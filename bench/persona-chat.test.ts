import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { asTrainerExample, encodedSample, readPersonaChat } from './persona-chat.js';

const folder = mkdtempSync(join(tmpdir(), 'persona-chat-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'chats.txt');
writeFileSync(
  path,
  [
    '1 your persona: i like tea.',
    '2 hello .\thi , how are you ?',
    '3 fine .\tgood .',
    '1 your persona: i have a dog.',
    '2 what is its name ?\trex .\t\tcandidate one|candidate two',
    '',
  ].join('\n'),
);

test('a conversation begins where the numbers start again, and persona lines are left out', () => {
  const said = readPersonaChat(path).map(({ turns }) => turns.map(({ text }) => text));
  assert.deepEqual(said, [
    ['hello .', 'hi , how are you ?', 'fine .', 'good .'],
    ['what is its name ?', 'rex .'],
  ]);
});

test('conversations can be split into exchanges', () => {
  assert.equal(encodedSample(path, 'conversation', 9, 128).length, 2);
  assert.equal(encodedSample(path, 'exchange', 9, 128).length, 3);
});

test('the Trainer, which shifts labels itself, learns the same tokens from the same contexts', () => {
  for (const dialogue of encodedSample(path, 'conversation', 9, 128)) {
    const example = asTrainerExample(dialogue);
    assert.equal(example.input_ids.length, example.labels.length);
    assert.deepEqual(example.input_ids.slice(0, -1), [...dialogue.tokens]);
    const learned = example.labels.slice(1).map((label) => (label === -100 ? -1 : label));
    assert.deepEqual(learned, [...dialogue.targets]);
    for (const [position, label] of example.labels.entries())
      if (label !== -100) assert.equal(label, example.input_ids[position]);
  }
});
