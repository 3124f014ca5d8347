// How far the sources are, in bytes.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type PrepareEvent, SourceProgress } from './source-progress.js';

/** The bytes that are done after each step. */
function doneAfter(isHalf: boolean, steps: (progress: SourceProgress) => void): readonly number[] {
  const done: number[] = [];
  const watch = (event: PrepareEvent) => event.kind === 'sources' && done.push(event.done);
  steps(new SourceProgress(1000, isHalf, watch));
  return done;
}

it('counts the bytes that are read, once if they are read twice, and a source as a whole when it ends', () => {
  const done = doneAfter(false, (progress) => {
    progress.begin(400);
    for (const position of [100, 50, 200]) progress.seen('a', position);
    progress.seen('b', 100);
    progress.end();
    progress.begin(600);
    progress.seen('c', 60);
  });
  assert.deepEqual(done, [100, 100, 200, 300, 400, 460]);
});

it('counts reading and cleaning as half each if one comes after the other', () => {
  const done = doneAfter(true, (progress) => {
    progress.begin(1000);
    progress.seen('a', 1000);
    progress.expects(1000);
    for (let dialogue = 0; dialogue < 1000; dialogue++) progress.take();
    progress.end();
  });
  assert.deepEqual(done, [500, 750, 1000, 1000]);
});
