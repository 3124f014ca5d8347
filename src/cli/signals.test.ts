import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import {
  exitCodeOfSignal,
  ignoreHangups,
  type SignalSource,
  startedWithoutHangups,
  watchSignals,
} from './signals.js';

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

class Source extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

test('the first signal is remembered and told once, a second Ctrl-C exits at once', () => {
  const source = new Source();
  const told: string[] = [];
  const watch = watchSignals((signal) => told.push(signal), signals, source);
  assert.equal(watch.shouldStop(), null);
  source.emit('SIGINT');
  assert.equal(watch.shouldStop(), 'SIGINT');
  assert.deepEqual(source.exits, []);
  source.emit('SIGINT');
  assert.deepEqual(source.exits, [130]);
  assert.deepEqual(told, ['SIGINT']);
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal} never cuts the saving short`, () => {
    const source = new Source();
    const watch = watchSignals(() => {}, signals, source);
    source.emit(signal);
    source.emit(signal);
    assert.equal(watch.shouldStop(), signal);
    assert.deepEqual(source.exits, []);
    assert.equal(exitCodeOfSignal[signal], code);
  });

test('ignored hang-ups are told once and end nothing', () => {
  const source = new Source();
  let told = 0;
  const allow = ignoreHangups(() => told++, source);
  source.emit('SIGHUP');
  source.emit('SIGHUP');
  assert.equal(told, 1);
  assert.deepEqual(source.exits, []);
  allow();
  assert.equal(source.listenerCount('SIGHUP'), 0);
});

test('a process under nohup is told by the command in the environment, else not', () => {
  const parent = process.ppid;
  assert.ok(startedWithoutHangups({ environment: { _: '/usr/bin/nohup' }, parent }));
  assert.ok(!startedWithoutHangups({ environment: { _: '/usr/bin/node' }, parent }));
  assert.ok(!startedWithoutHangups({ environment: {}, parent }));
});

test('a disposed watch listens no more', () => {
  const source = new Source();
  watchSignals(() => {}, signals, source).dispose();
  assert.equal(
    signals.reduce((sum, signal) => sum + source.listenerCount(signal), 0),
    0,
  );
});
