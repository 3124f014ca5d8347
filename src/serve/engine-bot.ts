// The model of an engine as a bot among others. Each question is a job of its user, so that users take turns.

import type { Answer, Question } from '../bots/bot.js';
import type { Model } from '../bots/hybrid-bot.js';
import { NeuralBot } from '../bots/neural-bot.js';
import { defaultSettings } from '../generate/settings.js';
import type { Engine, EngineModel } from './engine/engine.js';
import { ServedModel } from './engine/served-model.js';

export class EngineBot implements Model {
  readonly name = 'model';

  /** Whoever opened the engine closes it. */
  constructor(private readonly engine: Engine) {}

  /** @throws Refusal while the model is being loaded, so that nobody waits for that. */
  async answer(question: Question, show: (piece: string) => void): Promise<Answer> {
    await readyNow(this.engine);
    const fairness = question.user ?? question.conversation ?? '';
    return new NeuralBot(new ServedModel(this.engine, fairness)).answer(question, show);
  }

  async logLikelihood(turns: readonly string[], text: string): Promise<number> {
    await readyNow(this.engine);
    return new ServedModel(this.engine, '').logLikelihood(turns, text);
  }

  async close(): Promise<void> {}
}

/** @throws Refusal that says why there is no model now. */
export async function readyNow(engine: Engine): Promise<EngineModel> {
  if (engine.state.kind !== 'ready') {
    const job = { prompt: [0], settings: defaultSettings, fairness: '', logLikelihoods: false };
    await engine.generate(job, () => {}, AbortSignal.abort());
  }
  return engine.ready();
}
