// The engine with a tiny model in its thread.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeTinyModel, scratchFolder } from '../../../test/tiny-run.js';
import { createCpuDevice } from '../../device/cpu/cpu-device.js';
import { openChatModel } from '../../generate/chat-model.js';
import { encodePrompt } from '../../generate/prompt.js';
import { defaultSettings, type GenerationSettings } from '../../generate/settings.js';
import type { EngineModel, Job, Piece } from './engine.js';
import { defaultEngineOptions, ModelEngine, type ModelEngineOptions } from './model-engine.js';

const root = scratchFolder('model-engine');
const folder = makeTinyModel(join(root, 'model'));
const engines: ModelEngine[] = [];
after(() => Promise.all(engines.map((engine) => engine.close())));
const never = new AbortController().signal;

function engineOf(name = folder, options: Partial<ModelEngineOptions> = {}): ModelEngine {
  const engine = new ModelEngine(name, {
    ...defaultEngineOptions,
    ...{ device: 'cpu', precision: 'fp32', threads: 1, onNote: () => {} },
    ...options,
  });
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
});
