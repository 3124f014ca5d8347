// An engine without a model: it says what it was told, letter by letter. It stands still, refuses or fails where a test wants that.

import { setImmediate } from 'node:timers/promises';
import { presetConfig } from '../../src/nn/gpt2-config.js';
import type {
  Engine,
  EngineLoad,
  EngineState,
  Generated,
  Job,
  Piece,
} from '../../src/serve/engine/engine.js';
import { Refusal } from '../../src/serve/engine/refusal.js';
import { letters } from '../letters.js';

export class ScriptedEngine implements Engine {
  readonly label = 'scripted';
  state: EngineState = { kind: 'ready' };
  load: EngineLoad = { waiting: 0, running: 0, slots: 4, lastPass: null };
  readonly jobs: Job[] = [];
  /** Thrown by the next jobs. */
  failure: Error | null = null;
  /** Thrown after the first letters. */
  lateFailure: Error | null = null;
  /** Nothing more is said before it resolves. */
  pause: Promise<void> = Promise.resolve();
  /** Called when a job was aborted. */
  aborted: () => void = () => {};
  closed = false;

  constructor(private readonly says: (prompt: string) => string) {}

  ready() {
    const config = { ...presetConfig('tiny', letters.vocabularySize), nPositions: 256 };
    return Promise.resolve({ config, tokenizer: letters, parameters: 1e6, description: 'scripted' });
  }

  async generate(job: Job, show: (piece: Piece) => void, signal: AbortSignal): Promise<Generated> {
    if (this.state.kind === 'loading') throw new Refusal('model-loading', 'still loading; try again soon', 5);
    if (this.state.kind !== 'ready') throw new Refusal('model-failed', 'the model does not answer', null);
    if (this.failure) throw this.failure;
    this.jobs.push(job);
    const turns = letters.decode(job.prompt);
    const text = this.says(turns).slice(0, job.settings.maxNewTokens);
    let [shown, finishReason] = ['', 'stop' as Generated['finishReason']];
    if (text.length === job.settings.maxNewTokens) finishReason = 'length';
    for (const letter of text) {
      await setImmediate();
      if (shown.length === 2) await this.pause;
      if (signal.aborted) {
        this.aborted();
        finishReason = 'interrupted';
        break;
      }
      if (shown.length === 4 && this.lateFailure) throw this.lateFailure;
      shown += letter;
      show({ text: letter, tokens: 1 });
    }
    return {
      ...{ text: shown, tokens: shown.length, promptTokens: job.prompt.length, cachedTokens: 3 },
      ...{ finishReason, logLikelihoods: [...shown, ''].map(() => -1) },
      milliseconds: { queued: 1, toFirstToken: 2, total: 10 },
    };
  }

  score(): Promise<number> {
    return Promise.resolve(-1);
  }

  async drain(): Promise<void> {
    this.state = { kind: 'stopped' };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.state = { kind: 'stopped' };
  }
}
