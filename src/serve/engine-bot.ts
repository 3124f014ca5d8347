// The model of an engine as a bot among others. Each question is a job of its user, so that users take turns.

import type { Answer, Question } from '../bots/bot.js';
import type { Model } from '../bots/hybrid-bot.js';
import { NeuralBot } from '../bots/neural-bot.js';
import type { Engine } from './engine/engine.js';
import { ServedModel } from './engine/served-model.js';

export class EngineBot implements Model {
  readonly name = 'model';

  /** Whoever opened the engine closes it. */
  constructor(private readonly engine: Engine) {}

  answer(question: Question, show: (piece: string) => void): Promise<Answer> {
    const fairness = question.user ?? question.conversation ?? '';
    return new NeuralBot(new ServedModel(this.engine, fairness)).answer(question, show);
  }

  logLikelihood(turns: readonly string[], text: string): Promise<number> {
    return new ServedModel(this.engine, '').logLikelihood(turns, text);
  }

  async close(): Promise<void> {}
}
