// Beam search, token for token the same as transformers' generate(num_beams=N, do_sample=False, early_stopping=False). Each
// step ranks all one-token continuations of the N running beams and looks at the best 2N: those that end the reply leave the
// running set, and the best N of the others continue. It knows the model only as something that can be continued. Penalties
// and bans apply to log-probabilities, as in transformers; temperature, top-k, top-p and min-p are not used.

import { setImmediate } from 'node:timers/promises';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { BestCandidates } from './best-candidates.js';
import type { Past } from './known-past.js';
import { logSoftmax } from './log-softmax.js';
import { processLogits } from './logits-processors.js';
import type { FinishReason } from './reply.js';
import { ReplyText } from './reply-text.js';
import type { GenerationSettings } from './settings.js';

export type BeamSettings = Pick<
  GenerationSettings,
  | 'numBeams'
  | 'lengthPenalty'
  | 'maxNewTokens'
  | 'minNewTokens'
  | 'repetitionPenalty'
  | 'noRepeatNgramSize'
  | 'stop'
>;

export interface Hypothesis {
  /** Up to a stop string, trimmed. */
  readonly text: string;
  /** Without the end-of-text token, but with the tokens of a stop string. */
  readonly tokens: readonly number[];
  readonly finishReason: FinishReason;
  /** The sum of the n tokens' log-probabilities divided by n^lengthPenalty. The end-of-text token counts as one of the n. */
  readonly score: number;
}

/**
 * @param past has at least `numBeams` sequences.
 * @param prompt at least one token. A hypothesis ends when the context is full.
 * @param shouldStop called after every token. The event loop gets a turn between tokens.
 * @returns at least one hypothesis and at most N, best first. After `shouldStop` this includes the beams that still ran.
 * @throws UserError (model) when the model's output is not a number.
 */
export async function beamSearch(
  past: Past,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  settings: BeamSettings,
  shouldStop: () => boolean,
): Promise<readonly Hypothesis[]> {
  let logits = past.read(prompt);
  const longest = Math.min(settings.maxNewTokens, past.room + 1);
  const beams = new Beams(prompt, tokenizer, { ...settings, maxNewTokens: longest });
  for (;;) {
    const chosen = beams.grow(logits);
    if (chosen === null) return beams.finished();
    if (shouldStop()) return beams.interrupted();
    past.reorder(chosen.parents);
    logits = past.advance(chosen.tokens);
    await setImmediate();
  }
}

/** The new running beams, best first: the beam that each continues, and its new token. */
interface Chosen {
  readonly parents: readonly number[];
  readonly tokens: readonly number[];
}

class Beams {
  private readonly candidates: BestCandidates;
  /** Prompt and reply of each running beam. There are two sets, because the next one is written while this one is read. */
  private histories: readonly Int32Array[];
  private nextHistories: readonly Int32Array[];
  /** Log-likelihoods of the running beams' replies. */
  private scores: readonly number[] = [0];
  /** At most N, best first. */
  private readonly ended: Omit<Hypothesis, 'text'>[] = [];
  private newTokens = 0;
  private readonly endsWithStop: (reply: Int32Array) => boolean;

  constructor(
    private readonly prompt: readonly number[],
    private readonly tokenizer: Tokenizer,
    private readonly settings: BeamSettings,
  ) {
    const { numBeams, maxNewTokens, stop } = settings;
    this.candidates = new BestCandidates(2 * numBeams);
    const histories = () =>
      Array.from({ length: numBeams }, () => {
        const history = new Int32Array(prompt.length + maxNewTokens);
        history.set(prompt);
        return history;
      });
    this.histories = histories();
    this.nextHistories = histories();
    this.endsWithStop = stopTest(tokenizer, stop);
  }

  /**
   * Adds one token. When the settings ban every token, the reply ends, as in sampling.
   * @param logits [B,V] of the running beams, overwritten.
   * @returns null when the search is over.
   */
  grow(logits: Float32Array): Chosen | null {
    const { candidates, settings } = this;
    this.rank(logits);
    if (candidates.count === 0) {
      this.endRunning('stop');
      return null;
    }
    const running: number[] = [];
    this.newTokens++;
    for (let rank = 0; rank < candidates.count; rank++) {
      const reply = this.continued(running.length, rank);
      const reason = this.finishReason(reply);
      // transformers drops a candidate that ends the reply but is not among the first N; so do we.
      if (reason !== null && rank < settings.numBeams) this.end(reply, candidates.scores[rank] ?? 0, reason);
      if (reason === null) running.push(rank);
      if (running.length === settings.numBeams) break;
    }
    [this.histories, this.nextHistories] = [this.nextHistories, this.histories];
    this.scores = running.map((rank) => candidates.scores[rank] ?? 0);
    if (!this.mayImprove()) return null;
    return {
      parents: running.map((rank) => candidates.beams[rank] ?? 0),
      tokens: running.map((rank) => candidates.tokens[rank] ?? 0),
    };
  }

  /** All finished hypotheses, best first. */
  finished(): readonly Hypothesis[] {
    return this.ended.map((hypothesis) => ({ ...hypothesis, text: this.text(hypothesis.tokens) }));
  }

  /** All hypotheses, including the beams that still run. */
  interrupted(): readonly Hypothesis[] {
    this.endRunning('interrupted');
    return this.finished();
  }

  private rank(logits: Float32Array): void {
    const { candidates, settings, tokenizer, scores } = this;
    const vocabulary = logits.length / scores.length;
    candidates.clear();
    for (const [beam, score] of scores.entries()) {
      const row = logits.subarray(beam * vocabulary, (beam + 1) * vocabulary);
      const history = this.histories[beam]?.subarray(0, this.prompt.length + this.newTokens) ?? [];
      logSoftmax(row);
      processLogits(row, history, this.newTokens, settings, tokenizer.endOfText);
      candidates.offer(beam, score, row);
    }
  }

  /** Writes the reply of a candidate into the history of the next running beam number `place`. @returns the reply. */
  private continued(place: number, rank: number): Int32Array {
    const { candidates, prompt, newTokens } = this;
    const history = this.nextHistories[place] ?? new Int32Array(0);
    const reply = history.subarray(prompt.length, prompt.length + newTokens);
    const parent = this.histories[candidates.beams[rank] ?? 0];
    if (parent) reply.set(parent.subarray(prompt.length, prompt.length + newTokens - 1));
    reply[newTokens - 1] = candidates.tokens[rank] ?? 0;
    return reply;
  }

  private finishReason(reply: Int32Array): FinishReason | null {
    if (reply.at(-1) === this.tokenizer.endOfText || this.endsWithStop(reply)) return 'stop';
    return reply.length === this.settings.maxNewTokens ? 'length' : null;
  }

  private end(reply: Int32Array, logLikelihood: number, finishReason: FinishReason): void {
    const { ended, settings, tokenizer } = this;
    const score = this.normalized(logLikelihood);
    const after = ended.findIndex((other) => other.score < score);
    const tokens = Array.from(reply.at(-1) === tokenizer.endOfText ? reply.subarray(0, -1) : reply);
    ended.splice(after < 0 ? ended.length : after, 0, {
      tokens,
      finishReason,
      score,
    });
    ended.length = Math.min(ended.length, settings.numBeams);
  }

  private text(tokens: readonly number[]): string {
    const text = new ReplyText(this.tokenizer, this.settings.stop);
    for (const token of tokens) text.push(token);
    text.finish();
    return text.text;
  }

  private endRunning(reason: FinishReason): void {
    const { prompt, newTokens } = this;
    for (const [beam, score] of this.scores.entries()) {
      const history = this.histories[beam];
      if (history) this.end(history.subarray(prompt.length, prompt.length + newTokens), score, reason);
    }
  }

  private normalized(logLikelihood: number): number {
    return logLikelihood / Math.max(1, this.newTokens) ** this.settings.lengthPenalty;
  }

  /**
   * Whether a running beam may still become better than the worst of N finished hypotheses. This is transformers' heuristic,
   * which scores the best running beam as if it ended now, although a positive length penalty may favour a longer one.
   */
  private mayImprove(): boolean {
    const [best] = this.scores;
    if (best === undefined) return false;
    const worst = this.ended[this.settings.numBeams - 1];
    return worst === undefined || this.normalized(best) > worst.score;
  }
}

/**
 * Whether a reply's last token completes a stop string. Every token except the end-of-text token is at least one byte of
 * text, so only the last few tokens need to be decoded.
 */
function stopTest(tokenizer: Tokenizer, stop: readonly string[]): (reply: Int32Array) => boolean {
  const longest = Math.max(0, ...stop.map((text) => Buffer.byteLength(text)));
  if (longest === 0) return () => false;
  return (reply) => {
    const text = tokenizer.decode(reply.subarray(-longest));
    return stop.some((wanted) => text.includes(wanted));
  };
}
