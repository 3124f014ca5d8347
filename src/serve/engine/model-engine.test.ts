// The engine with a tiny model in its thread.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { makeTinyModel, scratchFolder } from '../../../test/tiny-run.js';
import { createCpuDevice } from '../../device/cpu/cpu-device.js';
import { UserError } from '../../errors.js';
import { openChatModel } from '../../generate/chat-model.js';
import { encodePrompt, encodeScored } from '../../generate/prompt.js';
import { defaultSettings, type GenerationSettings } from '../../generate/settings.js';
import type { EngineModel, Job, Piece } from './engine.js';
import { defaultEngineOptions, ModelEngine, type ModelEngineOptions } from './model-engine.js';
import { Refusal } from './refusal.js';

const root = scratchFolder('model-engine');
const folder = makeTinyModel(join(root, 'model'));
const engines: ModelEngine[] = [];
after(() => Promise.all(engines.map((engine) => engine.close())));
const never = new AbortController().signal;

function engineOf(name = folder, options: Partial<ModelEngineOptions> = {}, thread?: URL): ModelEngine {
  const all: ModelEngineOptions = {
    ...defaultEngineOptions,
    ...{ device: 'cpu', precision: 'fp32', threads: 1, onNote: () => {} },
    // A busy machine must not make a difference.
    ...{ queueTimeout: 600_000, requestTimeout: 600_000 },
    ...options,
  };
  const engine = new ModelEngine(name, all, thread);
  engines.push(engine);
  return engine;
}

function jobOf({ tokenizer }: EngineModel, text: string, settings: Partial<GenerationSettings> = {}): Job {
  return {
    prompt: encodePrompt([text], tokenizer, 40).tokens,
    settings: { ...defaultSettings, maxNewTokens: 12, ...settings },
    ...{ fairness: 'somebody', logLikelihoods: false },
  };
}

describe('an engine that is ready', () => {
  let engine: ModelEngine;
  let model: EngineModel;
  before(async () => {
    engine = engineOf();
    model = await engine.ready();
  });

  test('generates two replies at once, each as a chat with the model would', async () => {
    const device = createCpuDevice({ threads: 1 });
    const chat = await openChatModel(folder, { device, weights: 'fp32', sequences: 1, mmi: null });
    const texts = ['hello', 'how are you today'];
    const pieces: Piece[][] = texts.map(() => []);
    const results = await Promise.all(
      texts.map((text, at) =>
        engine.generate(jobOf(model, text, { doSample: false }), (piece) => pieces[at]?.push(piece), never),
      ),
    );
    for (const [at, text] of texts.entries()) {
      const settings = { ...defaultSettings, maxNewTokens: 12, doSample: false };
      const reply = await chat.reply([text], settings, { text: () => {}, shouldStop: () => false });
      const result = results[at];
      assert.equal(result?.text, reply.text);
      assert.equal(result?.tokens, reply.tokens);
      assert.equal(result?.finishReason, reply.finishReason);
      assert.equal(pieces[at]?.map((piece) => piece.text).join(''), reply.text);
      assert.equal(
        pieces[at]?.reduce((sum, { tokens }) => sum + tokens, 0),
        reply.tokens,
      );
    }
    device.dispose();
  });

  test('gives what it has when the signal aborts, and the slot to others', async () => {
    const settings = { maxNewTokens: 50, minNewTokens: 50 };
    // The thread may be done before it hears of the signal.
    for (let attempts = 0; ; attempts++) {
      const stopping = new AbortController();
      let tokens = 0;
      const show = (piece: Piece) => {
        tokens += piece.tokens;
        if (tokens === 3) stopping.abort();
      };
      const result = await engine.generate(jobOf(model, 'hello', settings), show, stopping.signal);
      const { queued, toFirstToken, total } = result.milliseconds;
      assert.ok(queued <= toFirstToken && toFirstToken <= total);
      assert.equal(result.tokens, tokens);
      if (result.finishReason === 'interrupted') break;
      assert.ok(attempts < 100);
    }
    assert.deepEqual({ ...engine.load, lastPass: 0 }, { waiting: 0, running: 0, slots: 16, lastPass: 0 });
    const gone = await engine.generate(jobOf(model, 'hello'), () => {}, AbortSignal.abort());
    assert.deepEqual([gone.finishReason, gone.text], ['interrupted', '']);
  });

  test('scores a continuation as a chat with the model would', async () => {
    const device = createCpuDevice({ threads: 1 });
    const chat = await openChatModel(folder, { device, weights: 'fp32', sequences: 1, mmi: null });
    const expected = await chat.logLikelihood(['hello'], 'fine thanks');
    const { prompt, continuation } = encodeScored(['hello'], 'fine thanks', model.tokenizer, 64);
    const found = await engine.score(prompt, continuation, 'somebody', never);
    assert.ok(Math.abs(found - expected) < 1e-4, `${found} and ${expected}`);
    device.dispose();
  });

  test('refuses what would end its thread', async () => {
    const job = jobOf(model, 'hello');
    const prompts = [[], new Array<number>(64).fill(1), [-1], [1.5], [267]];
    for (const prompt of prompts)
      await assert.rejects(
        engine.generate({ ...job, prompt }, () => {}, never),
        RangeError,
      );
    await assert.rejects(engine.score([1], [], '', never), RangeError);
    await assert.rejects(engine.score([1], [267], '', never), RangeError);
    assert.deepEqual(engine.state, { kind: 'ready' });
    const full = { ...job, prompt: new Array<number>(63).fill(1) };
    assert.ok((await engine.generate(full, () => {}, never)).tokens <= 2);
  });

  test('gives each of several candidates its own random numbers', async () => {
    const texts = await Promise.all(
      [0, 1, 1].map(async (candidate) => {
        const job = { ...jobOf(model, 'hello', { minNewTokens: 12, topK: 0, topP: 1 }), candidate };
        return (await engine.generate(job, () => {}, never)).text;
      }),
    );
    assert.notEqual(texts[0], texts[1]);
    assert.equal(texts[1], texts[2]);
  });
});

/** Whether a call is refused, and how. */
async function refusal(call: Promise<unknown>, code: string): Promise<Refusal> {
  const thrown = await call.then(
    () => assert.fail('it is not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(thrown instanceof Refusal, String(thrown));
  assert.equal(thrown.code, code);
  return thrown;
}

describe('a busy engine', () => {
  const long = { maxNewTokens: 50, minNewTokens: 50 };

  test('refuses at once what its queue has no room for, and says when to come again', async () => {
    const engine = engineOf(folder, { slots: 1, maxQueue: 2 });
    const model = await engine.ready();
    const replies = [0, 1, 2].map(() => engine.generate(jobOf(model, 'hello', long), () => {}, never));
    const { retryAfter } = await refusal(
      engine.generate(jobOf(model, 'hello'), () => {}, never),
      'queue-full',
    );
    assert.ok(retryAfter !== null && retryAfter >= 1);
    for (const { tokens } of await Promise.all(replies)) assert.equal(tokens, 50);
    await engine.generate(jobOf(model, 'hello'), () => {}, never);
  });

  test('refuses what has waited too long', async () => {
    const engine = engineOf(folder, { slots: 1, queueTimeout: 0 });
    const model = await engine.ready();
    await refusal(
      engine.generate(jobOf(model, 'hello'), () => {}, never),
      'queue-timeout',
    );
    assert.equal(engine.load.waiting, 0);
  });

  test('drains: what runs is finished, what comes is refused', async () => {
    const engine = engineOf(folder, { slots: 1 });
    const model = await engine.ready();
    const replies = [0, 1].map(() => engine.generate(jobOf(model, 'hello', long), () => {}, never));
    const drained = engine.drain(60_000);
    await refusal(
      engine.generate(jobOf(model, 'hello'), () => {}, never),
      'stopping',
    );
    await drained;
    for (const { tokens, finishReason } of await Promise.all(replies))
      assert.deepEqual([tokens, finishReason], [50, 'length']);
  });

  test('cuts what runs when the time of draining is over, and when it is closed', async () => {
    for (const end of [(engine: ModelEngine) => engine.drain(0), (engine: ModelEngine) => engine.close()]) {
      const engine = engineOf(folder, { slots: 1 });
      const model = await engine.ready();
      const replies = Array.from({ length: 200 }, () =>
        engine.generate(jobOf(model, 'hello', long), () => {}, new AbortController().signal),
      );
      await end(engine);
      const reasons = await Promise.all(replies.map(async (reply) => (await reply).finishReason));
      assert.ok(reasons.includes('interrupted'));
      await engine.close();
      assert.deepEqual(engine.state, { kind: 'stopped' });
      await refusal(
        engine.generate(jobOf(model, 'hello'), () => {}, never),
        'stopping',
      );
    }
  });
});

describe('an engine without a model', () => {
  const job: Job = { prompt: [1], settings: defaultSettings, fairness: '', logLikelihoods: false };

  test('refuses while it loads, and says so', async () => {
    const engine = engineOf();
    assert.equal(engine.state.kind, 'loading');
    const { retryAfter } = await refusal(
      engine.generate(job, () => {}, never),
      'model-loading',
    );
    assert.ok(retryAfter !== null);
    await engine.close();
    assert.deepEqual(engine.state, { kind: 'stopped' });
  });

  test('says why it has none, and lives on', async () => {
    const unfinished = join(root, 'run');
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, 'metrics.jsonl'), '');
    for (const [name, options, code, why] of [
      [join(root, 'nowhere', 'model'), {}, 'model-not-found', /there is no folder/],
      [unfinished, {}, 'training-unfinished', /has not saved a model yet/],
      [folder, { device: 'gpu' }, 'device-unknown', /unknown device/],
      [folder, { slots: 2_000_000 }, 'out-of-memory', /of memory, but .* are available/],
    ] as const) {
      const engine = engineOf(name, options);
      await assert.rejects(engine.ready(), (thrown) => thrown instanceof UserError && thrown.code === code);
      assert.ok(engine.state.kind === 'failed');
      assert.match(engine.state.why, why);
      await refusal(
        engine.generate(job, () => {}, never),
        'model-failed',
      );
      await engine.drain(60_000);
      await engine.close();
    }
  });

  test('whose thread dies leaves no job hanging', async () => {
    const thread = join(root, 'thread.mjs');
    writeFileSync(
      thread,
      `import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ kind: 'ready', slots: 1, parameters: 1, description: '' });
      let jobs = 0;
      parentPort.on('message', () => { if (++jobs === 2) throw new Error('the card is gone'); });`,
    );
    const engine = engineOf(folder, {}, pathToFileURL(thread));
    const model = await engine.ready();
    const jobs = [0, 1].map(() => engine.generate(jobOf(model, 'hello'), () => {}, never));
    for (const one of jobs) assert.match((await refusal(one, 'model-failed')).message, /the card is gone/);
    assert.ok(engine.state.kind === 'failed');
    assert.deepEqual([engine.load.waiting, engine.load.running], [0, 0]);
  });
});
