// Bots on the engine answer as bots on a ChatModel do.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeTinyModel, scratchFolder } from '../../../test/tiny-run.js';
import type { Question } from '../../bots/bot.js';
import { NeuralBot } from '../../bots/neural-bot.js';
import { createCpuDevice } from '../../device/cpu/cpu-device.js';
import { type ChatModel, openChatModel } from '../../generate/chat-model.js';
import { defaultSettings, type GenerationSettings } from '../../generate/settings.js';
import { defaultEngineOptions, ModelEngine } from './model-engine.js';
import { ServedModel } from './served-model.js';

const folder = makeTinyModel(join(scratchFolder('served-model'), 'model'));
const device = createCpuDevice({ threads: 1 });
const engine = new ModelEngine(folder, {
  ...defaultEngineOptions,
  ...{ device: 'cpu', precision: 'fp32', threads: 1, onNote: () => {} },
  ...{ queueTimeout: 600_000, requestTimeout: 600_000 },
});
let chat: ChatModel;
before(async () => {
  chat = await openChatModel(folder, { device, weights: 'fp32', sequences: 4, mmi: null });
});
after(async () => {
  await engine.close();
  device.dispose();
});

const silent = { text: () => {}, shouldStop: () => false };
const greedy: GenerationSettings = { ...defaultSettings, doSample: false, maxNewTokens: 12 };

test('a reply is that of the chat, piece by piece', async () => {
  const pieces: string[] = [];
  const turns = ['1', '2', '3'].map((digit) => digit.repeat(20));
  const watcher = { text: (piece: string) => pieces.push(piece), shouldStop: () => false };
  const {
    seconds,
    secondsToFirstToken,
    cachedTokens: _,
    ...reply
  } = await new ServedModel(engine, 'a').reply(turns, greedy, watcher);
  const expected = await chat.reply(turns, greedy, silent);
  assert.ok(secondsToFirstToken <= seconds);
  assert.deepEqual(
    { ...reply, seconds: 0, secondsToFirstToken: 0 },
    { ...expected, seconds: 0, secondsToFirstToken: 0 },
  );
  assert.equal(reply.droppedTurns, 1);
  assert.equal(pieces.join(''), reply.text);
});

test('the best of several candidates is that of the chat', async () => {
  const settings = { ...defaultSettings, maxNewTokens: 12, seed: 7 };
  const pieces: string[] = [];
  const watcher = { text: (piece: string) => pieces.push(piece), shouldStop: () => false };
  const reply = await new ServedModel(engine, 'a').reply(['hello'], settings, watcher, 4);
  const expected = await chat.reply(['hello'], settings, silent, 4);
  assert.deepEqual(
    reply.candidates.map(({ text }) => text),
    expected.candidates.map(({ text }) => text),
  );
  assert.deepEqual(pieces, [reply.text]);
});

test('a neural bot answers on it as on a chat, to several at once', async () => {
  const question = (text: string): Question => ({
    ...{ turns: [text], user: null, conversation: null, timeZone: null, settings: greedy },
    signal: new AbortController().signal,
  });
  const texts = ['hello', 'how are you', 'what is your name'];
  const bot = new NeuralBot(new ServedModel(engine, 'a'));
  const answers = await Promise.all(texts.map((text) => bot.answer(question(text), () => {})));
  for (const [at, text] of texts.entries()) {
    const expected = await new NeuralBot(chat).answer(question(text), () => {});
    const found = answers[at];
    assert.ok(found && found.kind === expected.kind);
    if (found.kind !== 'said' || expected.kind !== 'said') continue;
    assert.equal(found.text, expected.text);
    assert.ok(Math.abs(found.score - expected.score) < 1e-4);
  }
});

test('a reply is stopped by its watcher, and by its signal while it waits', async () => {
  const endless = { ...defaultSettings, minNewTokens: 40, maxNewTokens: 40 };
  // The thread may be done before it hears that it should stop.
  for (let attempts = 0; ; attempts++) {
    let asked = 0;
    const watcher = { text: () => {}, shouldStop: () => ++asked > 4 };
    const { finishReason, tokens } = await new ServedModel(engine, 'a').reply(['hello'], endless, watcher);
    assert.ok(tokens >= 4);
    if (finishReason === 'interrupted') break;
    assert.ok(attempts < 100);
  }
  const gone = AbortSignal.abort();
  const never = await new ServedModel(engine, 'a').reply(['hello'], endless, { ...silent, signal: gone });
  assert.deepEqual([never.finishReason, never.tokens], ['interrupted', 0]);
});

test('beam search is refused', async () => {
  await assert.rejects(
    new ServedModel(engine, 'a').reply(['hello'], { ...greedy, numBeams: 2 }, silent),
    /numBeams above 1 is not available/,
  );
});
