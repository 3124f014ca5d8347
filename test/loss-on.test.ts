// The default of --loss-on, and how a resumed run keeps the value that it started with.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('loss-on');
const model = makeTinyModel(join(root, 'model'));

test('a resumed run keeps its --loss-on, also if it started with the old default, responses', async () => {
  const folder = join(root, 'run');
  const chats = join(root, 'roles.jsonl');
  const said = (role: string, content: string) => ({ role, content });
  const records = ['hello', 'hi', 'good day', 'you there'].map((text) => ({
    messages: [said('assistant', 'welcome'), said('user', text), said('assistant', `${text} to you`)],
  }));
  writeFileSync(chats, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const steps = (count: string) => [
    ...['--model', model, '--data', chats, '--max-length', '64', '--eval-ratio', '0', '--threads', '1'],
    ...['--max-steps', count, '--save-steps', '1', '--output-dir', folder],
  ];
  const first = await trainHere([...steps('1'), '--loss-on', 'responses']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^learns +every turn after the first$/m);
  const resumed = await trainHere([...steps('2'), '--resume']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, /resuming with --loss-on responses, as the run began/);
  const other = await trainHere([...steps('3'), '--resume', '--loss-on', 'assistant']);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /on other data: --loss-on assistant \(was --loss-on responses\)/);
});
