// A reply that grows token by token: what is chosen, what of its text can be shown, and when it ends. It does not know the model:
// whoever runs it gives the logits after each token.

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { logSumExp } from './log-softmax.js';
import type { FinishReason } from './reply.js';
import { ReplyText } from './reply-text.js';
import type { Sampler } from './sampler.js';
import type { GenerationSettings } from './settings.js';

export interface Beginning {
  readonly prompt: readonly number[];
  readonly tokenizer: Tokenizer;
  readonly settings: GenerationSettings;
  readonly sampler: Sampler;
  /** Whether the log-likelihoods of the tokens are needed. */
  readonly measured: boolean;
  /** Takes the pieces of the text, none of them empty. */
  show(piece: string): void;
}

export class GrowingReply {
  /** Null while the reply grows. */
  finishReason: FinishReason | null = null;
  /** Without the end-of-text token. */
  readonly tokens: number[] = [];
  /** Of each token and of the end-of-text token, in nats, before the settings change the distribution; empty unless measured. */
  readonly logLikelihoods: number[] = [];
  private readonly history: number[];
  private readonly shown: ReplyText;

  constructor(private readonly beginning: Beginning) {
    this.history = [...beginning.prompt];
    this.shown = new ReplyText(beginning.tokenizer, beginning.settings.stop);
  }

  /** What has been shown; in the end, the reply. */
  get text(): string {
    return this.shown.text;
  }

  /** The token that the model has not read yet. */
  get lastToken(): number {
    return this.history.at(-1) ?? this.beginning.tokenizer.endOfText;
  }

  /**
   * @param logits [V] after the last token.
   * @returns the chosen token, which may be the end of text.
   * @throws UserError (model) when they are not numbers.
   */
  grow(logits: Float32Array): number {
    const { sampler, tokenizer, settings, measured } = this.beginning;
    const token = sampler.choose(logits, this.history, this.tokens.length);
    if (measured) this.logLikelihoods.push((logits[token] ?? 0) - logSumExp(logits));
    if (token === tokenizer.endOfText) {
      this.finish('stop');
      return token;
    }
    this.history.push(token);
    this.tokens.push(token);
    this.show(this.shown.push(token));
    if (this.shown.stopped) this.finish('stop');
    else if (this.tokens.length >= settings.maxNewTokens) this.finish('length');
    return token;
  }

  /** Has no effect on a reply that has ended. */
  finish(reason: FinishReason): void {
    if (this.finishReason !== null) return;
    this.show(this.shown.finish());
    this.finishReason = this.shown.stopped ? 'stop' : reason;
  }

  private show(piece: string): void {
    if (piece !== '') this.beginning.show(piece);
  }
}
