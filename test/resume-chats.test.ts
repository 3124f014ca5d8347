// Training on chats with a choice of speakers: a resumed run equals an uninterrupted one bit for bit, and a change of the
// choice is refused, because the run would learn something else.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { substance } from './substance.js';
import { listing, makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('resume-chats');
const model = makeTinyModel(join(root, 'model'));
const chat = join(root, '_chat.txt');
const support = join(root, 'support.jsonl');

/** Three people, one of them under two names. Pauses of 10 minutes lie between messages, and some of 2 hours. */
function chatLines(): string {
  let time = Date.UTC(2024, 4, 6, 8);
  return Array.from({ length: 160 }, (_, index) => {
    time += index % 5 === 0 ? 7_200_000 : 600_000;
    const speaker = ['Ann', index < 80 ? 'Bob' : 'Robert', 'Cem'][index % 3];
    return `[${new Date(time).toISOString().slice(0, 19).replace('T', ', ')}] ${speaker}: message ${index}\n`;
  }).join('');
}

writeFileSync(chat, chatLines());
writeFileSync(
  support,
  Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: `question ${index}` },
        { role: 'assistant', content: `answer ${index}` },
        { role: 'user', content: `thanks ${index}` },
      ],
    }),
  ).join('\n'),
);

const data = ['--data', chat, '--data', support];
const choice = {
  '--learn': 'Robert',
  '--alias': 'Bob=Robert',
  '--session-gap': '30m',
  '--learn-role': 'user',
};
const words = (folder: string, steps: number, changed: Partial<typeof choice> = {}) => [
  ...['--model', model, ...data, '--max-length', '64', '--batch-size', '2', '--max-steps', String(steps)],
  ...['--lr-scheduler-type', 'constant'],
  ...['--lr', '1e-3', '--logging-steps', '2', '--eval-steps', '4', '--threads', '2', '--output-dir', folder],
  ...Object.entries({ ...choice, ...changed }).flatMap(([flag, value]) => [flag, value]),
];

test('a run on chats that is interrupted and resumed ends with the bits of one that is not', async () => {
  const whole = join(root, 'whole');
  const { code, stderr } = await trainHere(words(whole, 12));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /learns what user \(80 turns\) and Robert \(53 turns\) said/);

  // A run that ends early stands for an interrupted one: a signal could come too late in so short a run.
  const folder = join(root, 'stopped');
  const stopped = await trainHere(words(folder, 4));
  assert.equal(stopped.code, 0, stopped.stderr);

  const before = listing(folder);
  for (const [flag, value] of [
    ['--learn', 'Ann'],
    ['--alias', 'Cem=Robert'],
    ['--session-gap', '5h'],
    ['--learn-role', 'assistant'],
  ] as const) {
    const other = await trainHere([...words(folder, 12, { [flag]: value }), '--quiet', '--resume']);
    assert.equal(other.code, 2, other.stderr);
    assert.match(
      other.stderr,
      /^error: cannot resume .*: (?:it was trained|its losses were measured) on other data: /,
    );
    assert.ok(other.stderr.includes(`${flag} ${value} (was ${flag} ${choice[flag]})`), other.stderr);
    assert.deepEqual(listing(folder), before);
  }

  const resumed = await trainHere([...words(folder, 12), '--resume']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, /continuing after step 4$/m);
  assert.deepEqual(substance(folder), substance(whole));
});
