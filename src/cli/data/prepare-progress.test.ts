// Progress of a preparation: lines now and then, a bar in a terminal, nothing with --quiet.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { PrepareEvent } from '../../prepare/source-progress.js';
import { prepareProgress } from './prepare-progress.js';

const begun: PrepareEvent = { kind: 'sources', done: 0, total: 2 ** 31, dialogues: 0, checking: null };
const halfWay: PrepareEvent = { ...begun, done: 2 ** 30, dialogues: 120_000 };
const checking: PrepareEvent = { ...begun, checking: { path: 'chats/all.jsonl', bytes: 2 ** 20 } };
const writing = (share: number): PrepareEvent => ({
  kind: 'stage',
  stage: 'writing',
  dialogues: 9000,
  share,
});
const rule: PrepareEvent = { kind: 'stage', stage: 'rule', rule: 'max-repeats', dialogues: 9000, share: 0 };

/** What is written for events at these seconds. */
function written(
  events: readonly (readonly [number, PrepareEvent])[],
  isTerminal: boolean,
  isQuiet = false,
): string {
  const stream = new PassThrough({ encoding: 'utf8' });
  let time = 0;
  const progress = prepareProgress({ isTerminal, isQuiet, stream, now: () => 1000 * time });
  for (const [seconds, event] of events) {
    time = seconds;
    progress.watch(event);
  }
  progress.stop();
  return String(stream.read() ?? '');
}

test('a line every ten seconds where there is no terminal, with the time that the step still takes', () => {
  assert.equal(written([[9, halfWay]], false), '');
  const lines = written(
    [
      [5, checking],
      [11, checking],
      [20, begun],
      [60, halfWay],
      [61, halfWay],
      [70, rule],
      [71, writing(0)],
      [81, writing(0.25)],
    ],
    false,
  );
  assert.deepEqual(lines.split('\n'), [
    'checking "all.jsonl": 1.0 MB',
    'reading and cleaning: 1.1 GB of 2.1 GB, 3,000 dialogues/s, 50%, 40s left for this',
    'applying max-repeats: 9,000 dialogues, 0%',
    'writing: 9,000 dialogues, 25%, 30s left for this',
    '',
  ]);
});

test('a bar in a terminal, which is gone when it ends', () => {
  const bar = written(
    [
      [0.5, begun],
      [40.5, halfWay],
      [40.55, writing(0)],
      [40.56, writing(0.5)],
    ],
    true,
  );
  const shown = 'reading and cleaning [============------------] 1.1 GB of 2.1 GB, 3,000 dialo';
  assert.ok(bar.includes(shown), JSON.stringify(bar));
  // A new step is drawn at once, and then not more often than a person can read.
  assert.ok(bar.endsWith('writing [------------------------] 9,000 dialogues\r\x1b[K'), JSON.stringify(bar));
});

test('nothing if it is to be quiet', () => {
  assert.equal(written([[40, halfWay]], true, true), '');
});
