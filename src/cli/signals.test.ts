import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { exitCodeOfSignal, type SignalSource, watchSignals } from './signals.js';

class Source extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

test('the first signal is remembered and told once, a second Ctrl-C exits at once', () => {
  const source = new Source();
  const told: string[] = [];
  const watch = watchSignals((signal) => told.push(signal), source);
  assert.equal(watch.shouldStop(), null);
  source.emit('SIGINT');
  assert.equal(watch.shouldStop(), 'SIGINT');
  assert.deepEqual(source.exits, []);
  source.emit('SIGINT');
  assert.deepEqual(source.exits, [130]);
  assert.deepEqual(told, ['SIGINT']);
});

test('SIGTERM never cuts the saving short', () => {
  const source = new Source();
  const watch = watchSignals(() => {}, source);
  source.emit('SIGTERM');
  source.emit('SIGTERM');
  assert.equal(watch.shouldStop(), 'SIGTERM');
  assert.deepEqual(source.exits, []);
  assert.equal(exitCodeOfSignal.SIGTERM, 143);
});

test('a disposed watch listens no more', () => {
  const source = new Source();
  watchSignals(() => {}, source).dispose();
  assert.equal(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'), 0);
});
