// How far the sources are, in bytes.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type PrepareEvent, SourceProgress } from './source-progress.js';
import { stagesFor } from './stages.js';

/** The bytes that are done after each step. */
function doneAfter(isHalf: boolean, steps: (progress: SourceProgress) => void): readonly number[] {
  const done: number[] = [];
  const watch = (event: PrepareEvent) => event.kind === 'sources' && done.push(event.done);
  steps(new SourceProgress(1000, isHalf, watch));
  return done;
}

it('counts the bytes that dialogues came from, and not those that a file is only looked through for', () => {
  const done = doneAfter(false, (progress) => {
    progress.begin(400);
    // For its format, and for its encoding.
    for (const position of [100, 50, 200]) progress.seen('a', position);
    // Read.
    for (const position of [50, 200]) {
      progress.seen('a', position);
      progress.gave();
    }
    progress.seen('b', 100);
    progress.gave();
    progress.end();
    progress.begin(600);
    progress.seen('c', 60);
  });
  assert.deepEqual(done, [0, 0, 0, 0, 50, 200, 400, 400]);
});

it('names the file that is looked through, until its dialogues come', () => {
  const checking: unknown[] = [];
  const progress = new SourceProgress(100, false, (event) => {
    if (event.kind === 'sources') checking.push(event.checking);
  });
  progress.begin(100);
  for (const position of [50, 100, 50]) progress.seen('a', position);
  progress.gave();
  progress.seen('a', 100);
  assert.deepEqual(checking, [
    { path: 'a', bytes: 50 },
    { path: 'a', bytes: 100 },
    { path: 'a', bytes: 50 },
    null,
  ]);
});

it('counts reading and cleaning as half each if one comes after the other', () => {
  const done = doneAfter(true, (progress) => {
    progress.begin(1000);
    progress.seen('a', 1000);
    progress.gave();
    progress.expects(1000);
    for (let dialogue = 0; dialogue < 1000; dialogue++) progress.take();
    progress.end();
  });
  assert.deepEqual(done, [0, 750, 1000, 1000]);
});

it('tells of the stages that follow how far each is', () => {
  const events: unknown[] = [];
  const tick = stagesFor((event) => events.push(event))('rule', 1000, 2, 'max-repeats');
  for (let done = 1; done <= 2000; done++) tick(done);
  const shares = [0, 0.25, 0.5, 0.75, 1];
  assert.deepEqual(
    events,
    shares.map((share) => ({ kind: 'stage', stage: 'rule', dialogues: 1000, share, rule: 'max-repeats' })),
  );
});
