import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { UserError } from '../../errors.js';
import type { Reply, ReplyWatcher } from '../../generate/reply.js';
import type { SignalSource } from '../signals.js';
import { replyJson } from './reply-json.js';
import { type Partner, runPrompt, runScript } from './script.js';

const reply: Reply = {
  text: 'Yes.',
  tokens: 2,
  promptTokens: 7,
  droppedTurns: 1,
  finishReason: 'stop',
  seconds: 0.5,
  secondsToFirstToken: 0.12345678,
  candidates: [],
};

/** Says what it is told to, in turn, and remembers what it heard. */
class Parrot implements Partner {
  readonly heard: string[] = [];

  constructor(
    private readonly answer: (message: string, watcher: ReplyWatcher) => string | Promise<string>,
  ) {}

  async say(message: string, watcher: ReplyWatcher): Promise<Reply> {
    this.heard.push(message);
    return { ...reply, text: await this.answer(message, watcher) };
  }
}

class Sink extends Writable {
  text = '';
  isTTY = false;
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.text += chunk.toString();
    done();
  }
}

class Signals extends EventEmitter implements SignalSource {
  exit(): void {}
}

const echo = (message: string) => `${message}!`;

test('every line of input is answered with one line of output', async () => {
  const output = new Sink();
  const parrot = new Parrot((message) => (message === 'two' ? 'a\nb\r\nc\rd' : echo(message)));
  const input = Readable.from([' one \r\n\n  \t\ntw', 'o\nthree']);
  const exitCode = await runScript(parrot, input, { output, json: false });
  assert.equal(exitCode, 0);
  assert.deepEqual(parrot.heard, ['one', 'two', 'three']);
  assert.equal(output.text, 'one!\na b c d\nthree!\n');
});

test('a reply is out before the next line is asked for', async () => {
  const output = new Sink();
  const input = new PassThrough();
  const parrot = new Parrot((message) => {
    if (message === 'one') setImmediate(() => input.write('two\n'));
    else {
      assert.equal(output.text, 'one!\n');
      setImmediate(() => input.end());
    }
    return echo(message);
  });
  input.write('one\n');
  assert.equal(await runScript(parrot, input, { output, json: false }), 0);
  assert.equal(output.text, 'one!\ntwo!\n');
});

test('a message that cannot be answered ends the script with its line; replies before it are printed', async () => {
  const output = new Sink();
  const parrot = new Parrot((message) => {
    if (message === 'two') throw new UserError('message-too-long', 'the message has 99 tokens; shorten it');
    return echo(message);
  });
  const running = runScript(parrot, Readable.from(['one\n\ntwo\nthree\n']), { output, json: false });
  await assert.rejects(running, {
    message: 'line 3 of the input: the message has 99 tokens; shorten it',
    exitCode: 2,
  });
  assert.equal(output.text, 'one!\n');
});

test('a defect keeps its own words', async () => {
  const parrot = new Parrot(() => {
    throw new RangeError('out of range');
  });
  const running = runScript(parrot, Readable.from(['one\n']), { output: new Sink(), json: false });
  await assert.rejects(running, new RangeError('out of range'));
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} stops the reply, which is not printed, and ends with ${expected}`, async () => {
    const output = new Sink();
    const signals = new Signals();
    const parrot = new Parrot((_, watcher) => {
      assert.equal(watcher.shouldStop(), false);
      signals.emit(signal);
      assert.equal(watcher.shouldStop(), true);
      return 'half a';
    });
    const input = Readable.from(['one\ntwo\n']);
    assert.equal(await runScript(parrot, input, { output, json: false, signals }), expected);
    assert.equal(await runPrompt(parrot, 'three', { output, json: false, signals }), expected);
    assert.deepEqual([parrot.heard, output.text], [['one', 'three'], '']);
    assert.equal(signals.listenerCount(signal), 0);
  });

  test(`${signal} ends the wait for a line with ${expected}`, async () => {
    const signals = new Signals();
    const parrot = new Parrot((message) => {
      setImmediate(() => signals.emit(signal));
      return echo(message);
    });
    const input = new PassThrough();
    input.write('one\n');
    const output = new Sink();
    assert.equal(await runScript(parrot, input, { output, json: false, signals }), expected);
    assert.equal(output.text, 'one!\n');
  });
}

test('when nobody reads the replies any longer, no more are made', async () => {
  const parrot = new Parrot(echo);
  const output = new Sink();
  output.on('error', () => {});
  output._write = (_, __, done) => done(new Error('EPIPE'));
  assert.equal(await runScript(parrot, Readable.from(['one\ntwo\n']), { output, json: false }), 0);
  assert.deepEqual(parrot.heard, ['one']);
});

test('--prompt prints the reply as it is', async () => {
  const output = new Sink();
  const text = 'a\nb\u001b[2J\u009b';
  assert.equal(await runPrompt(new Parrot(() => text), 'Hi!', { output, json: false }), 0);
  assert.equal(output.text, `${text}\n`);
});

test('a terminal gets no character that could command it', async () => {
  const output = new Sink();
  output.isTTY = true;
  const parrot = new Parrot(() => 'a\u001b[2Jb\u009b\u202ec\nd');
  await runPrompt(parrot, 'Hi!', { output, json: false });
  await runScript(parrot, Readable.from(['one\n']), { output, json: false });
  await runPrompt(parrot, 'Hi!', { output, json: true });
  assert.doesNotMatch(output.text.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
  assert.match(output.text, /^a.*b.*c\nd\n/);
});

test('--json is one line with the documented keys', () => {
  const json = replyJson({ ...reply, text: 'a\nb\u009b\u2028c', candidates: [] });
  assert.doesNotMatch(json, /[\n\u009b\u2028]/);
  assert.deepEqual(JSON.parse(json), {
    reply: 'a\nb\u009b\u2028c',
    tokens: 2,
    seconds: 0.5,
    tokens_per_second: 4,
    finish_reason: 'stop',
    prompt_tokens: 7,
    dropped_turns: 1,
    seconds_to_first_token: 0.123457,
  });
});

test('--json lists the candidates when there were several', () => {
  const candidates = [
    { text: 'Yes.', tokens: 2, score: -1.5 },
    { text: '', tokens: 0, score: Number.NEGATIVE_INFINITY },
  ];
  const json: unknown = JSON.parse(replyJson({ ...reply, candidates, seconds: 0 }));
  assert.ok(typeof json === 'object' && json !== null && 'candidates' in json && 'tokens_per_second' in json);
  assert.equal(json.tokens_per_second, null);
  assert.deepEqual(json.candidates, [
    { reply: 'Yes.', tokens: 2, score: -1.5 },
    { reply: '', tokens: 0, score: null },
  ]);
});
