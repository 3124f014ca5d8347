// Progress of a preparation: lines now and then, a bar in a terminal, nothing with --quiet.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { PrepareEvent } from '../../prepare/source-progress.js';
import { prepareProgress } from './prepare-progress.js';

const halfWay: PrepareEvent = { kind: 'sources', done: 2 ** 30, total: 2 ** 31, dialogues: 120_000 };
const writing: PrepareEvent = { kind: 'stage', stage: 'writing', dialogues: 9000 };

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

test('a line every ten seconds where there is no terminal', () => {
  assert.equal(written([[9, halfWay]], false), '');
  const lines = written(
    [
      [40, halfWay],
      [41, halfWay],
      [51, writing],
    ],
    false,
  );
  assert.equal(lines, 'read 1.1 GB of 2.1 GB, 3,000 dialogues/s, 40s left\nwriting 9,000 dialogues\n');
});

test('a bar in a terminal, which is gone when it ends', () => {
  const bar = written(
    [
      [0.5, halfWay],
      [40, halfWay],
      [41, writing],
    ],
    true,
  );
  const shown = 'preparing [============------------] 1.1 GB of 2.1 GB | 3,000 dialogues/s | ';
  assert.ok(bar.includes(shown), JSON.stringify(bar));
  assert.ok(bar.endsWith('writing 9,000 dialogues\r\x1b[K'), JSON.stringify(bar));
});

test('nothing if it is to be quiet', () => {
  assert.equal(written([[40, halfWay]], true, true), '');
});
