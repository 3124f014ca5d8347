// The engine as a model that bots talk to: turns become a prompt, pieces are shown, candidates are compared. One for each request or
// user, because jobs of one key wait behind each other.

import { setMaxListeners } from 'node:events';
import type { NeuralModel } from '../../bots/neural-bot.js';
import { UserError } from '../../errors.js';
import { byScore } from '../../generate/chat-model.js';
import { encodePrompt, encodeScored, promptRoom } from '../../generate/prompt.js';
import type { Candidate, Reply, ReplyWatcher } from '../../generate/reply.js';
import type { GenerationSettings } from '../../generate/settings.js';
import { option } from '../../option-names.js';
import type { Engine, Generated } from './engine.js';

/** How likely the newest reply is, so that it need not be read again. */
interface Measured {
  readonly turns: readonly string[];
  readonly text: string;
  readonly logLikelihood: number;
}

export class ServedModel implements NeuralModel {
  private newest: Measured | null = null;

  /** @param fairness see `Job`. */
  constructor(
    private readonly engine: Engine,
    private readonly fairness: string,
  ) {}

  /**
   * Differs from a ChatModel's reply only where two tokens are about equally likely.
   * @throws Refusal when the engine takes no jobs now, UserError when the last turn is longer than the context.
   */
  async reply(
    turns: readonly string[],
    settings: GenerationSettings,
    watcher: ReplyWatcher,
    candidates = 1,
  ): Promise<Reply> {
    if (settings.numBeams > 1)
      throw new UserError('option-invalid', `${option('numBeams')} above 1 is not available to many at once`);
    const { config, tokenizer } = await this.engine.ready();
    const room = promptRoom(config.nPositions, settings.maxNewTokens);
    const { tokens: prompt, droppedTurns } = encodePrompt(turns, tokenizer, room);
    const text = (piece: string) => {
      if (candidates === 1 && piece !== '') watcher.text(piece);
    };
    const made = await stoppable(watcher, (signal, seen) =>
      Promise.all(
        Array.from({ length: candidates }, (_, candidate) => {
          const job = { prompt, settings, candidate, fairness: this.fairness, logLikelihoods: true };
          return this.engine.generate(
            job,
            (piece) => {
              text(piece.text);
              seen();
            },
            signal,
          );
        }),
      ),
    );
    const ranked = made.map((one) => ({ one, ...candidateOf(one) })).sort(byScore);
    const best = ranked[0]?.one;
    if (best === undefined) throw new RangeError('no candidates are asked for');
    if (candidates > 1 && best.text !== '') watcher.text(best.text);
    this.newest = isMeasured(best) ? { turns, text: best.text, logLikelihood: meanOf(best) } : null;
    return {
      ...{ text: best.text, tokens: best.tokens, promptTokens: prompt.length, droppedTurns },
      ...{
        cachedTokens: best.cachedTokens,
        finishReason: best.finishReason,
        seconds: best.milliseconds.total / 1000,
      },
      secondsToFirstToken: best.milliseconds.toFirstToken / 1000,
      candidates: candidates > 1 ? ranked.map(({ one: _, ...candidate }) => candidate) : [],
    };
  }

  /** See ChatModel. */
  async logLikelihood(turns: readonly string[], reply: string): Promise<number> {
    const { newest } = this;
    if (newest && newest.text === reply && newest.turns.join('\0') === turns.join('\0'))
      return newest.logLikelihood;
    const { config, tokenizer } = await this.engine.ready();
    const { prompt, continuation } = encodeScored(turns, reply, tokenizer, config.nPositions);
    return this.engine.score(prompt, continuation, this.fairness, new AbortController().signal);
  }
}

/** Whether the log-likelihoods are those of the text and its end. */
function isMeasured({ finishReason, logLikelihoods, tokens }: Generated): boolean {
  return finishReason === 'stop' && logLikelihoods.length === tokens + 1;
}

function meanOf({ logLikelihoods }: Generated): number {
  return logLikelihoods.reduce((sum, value) => sum + value, 0) / Math.max(1, logLikelihoods.length);
}

function candidateOf(generated: Generated): Candidate {
  return { text: generated.text, tokens: generated.tokens, score: meanOf(generated) };
}

/** Runs `work` with a signal that aborts when the watcher wants to stop: it is asked at every piece. */
async function stoppable<Result>(
  watcher: ReplyWatcher,
  work: (signal: AbortSignal, seen: () => void) => Promise<Result>,
): Promise<Result> {
  const stopping = new AbortController();
  // Every candidate listens.
  setMaxListeners(0, stopping.signal);
  const stop = () => stopping.abort();
  const seen = () => {
    if (watcher.shouldStop()) stop();
  };
  seen();
  if (watcher.signal?.aborted) stop();
  watcher.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work(stopping.signal, seen);
  } catch (thrown) {
    // Other candidates may still be growing.
    stop();
    throw thrown;
  } finally {
    watcher.signal?.removeEventListener('abort', stop);
  }
}
