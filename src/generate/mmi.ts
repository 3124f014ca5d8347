// Reranking by maximum mutual information (Zhang et al. 2020, "DialoGPT", section 3.3; Li et al. 2016). Of several replies,
// the best is the one from which a model of reversed conversations best predicts the message. This penalises bland replies,
// which fit any message. It does not know where the replies come from.

import { collate } from '../corpus/batch.js';
import { encodeTurn, type LabelledTokens, layOutTurns } from '../corpus/encode-dialogue.js';
import { tidyText } from '../corpus/tidy-text.js';
import type { ScoringPass } from '../nn/scoring-pass.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

export interface ScoredCandidate {
  /** The text as it was passed. */
  readonly text: string;
  /** The index among the candidates that were passed. */
  readonly index: number;
  /**
   * -log P(source | candidate) under the reversed model, in nats, mean over the source's tokens. The source is every turn
   * kept of the history, each with its end-of-text token. Infinite when the candidate is empty, or the model's output is not
   * a number.
   */
  readonly loss: number;
}

export class MmiReranker {
  /** @param pass of a model whose `dialogueOrder` is 'reversed'. Its capacity limits the tokens per forward pass. */
  constructor(
    private readonly pass: ScoringPass,
    private readonly tokenizer: Tokenizer,
  ) {}

  /**
   * The candidates in the order in which they were passed. Candidates with the same text are computed once.
   * @param history the turns that a candidate would answer, oldest first. If it is empty, all losses are 0.
   */
  score(history: readonly string[], candidates: readonly string[]): ScoredCandidate[] {
    const tidied = candidates.map(tidyText);
    const distinct = [...new Set(tidied)].filter((text) => text !== '');
    const contextLength = Math.min(this.pass.model.config.nPositions, this.pass.capacity);
    const texts = reversedTexts(history, distinct, this.tokenizer, contextLength);
    const losses = texts === null ? distinct.map(() => 0) : this.meanLosses(texts);
    const lossOf = new Map(distinct.map((text, index) => [text, losses[index]]));
    return candidates.map((text, index) => {
      const loss = lossOf.get(tidied[index] ?? '') ?? Number.NaN;
      return { text, index, loss: Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss };
    });
  }

  /** Like `score`, but best first; of equal candidates the one that was passed first. */
  rerank(history: readonly string[], candidates: readonly string[]): ScoredCandidate[] {
    // Infinity - Infinity is NaN, which `||` treats like 0.
    return this.score(history, candidates).sort(
      (one, other) => one.loss - other.loss || one.index - other.index,
    );
  }

  /** The mean loss of each text's targets. Each forward pass takes as many texts as its capacity allows. */
  private meanLosses(texts: readonly LabelledTokens[]): number[] {
    const means: number[] = [];
    for (let first = 0; first < texts.length; ) {
      let end = first;
      let room = this.pass.capacity;
      for (; end < texts.length; end++) {
        room -= texts[end]?.tokens.length ?? 0;
        if (room < 0) break;
      }
      const together = texts.slice(first, end);
      const losses = this.pass.losses(collate([together], { maxLength: this.pass.capacity, pad: false }));
      let from = 0;
      for (const { supervisedTokens } of together) {
        const own = losses.subarray(from, from + supervisedTokens);
        means.push(own.reduce((sum, loss) => sum + loss, 0) / supervisedTokens);
        from += supervisedTokens;
      }
      first = end;
    }
    return means;
  }
}

/**
 * The input of the reversed model for each candidate, in the layout of its training (corpus/encode-dialogue.ts): the
 * candidate and its end-of-text token, then the turns of the history, newest first, each with its end-of-text token. The
 * turns are the targets. When the context is too short, the oldest turns are left out, the same ones for every candidate,
 * because means over different tokens cannot be compared. The newest turn always stays; if necessary, its end is cut, and
 * the beginning of a candidate is cut.
 *
 * @param candidates tidied, none empty.
 * @param contextLength the most tokens that the model can read.
 * @returns null when the history has no turn with text.
 */
export function reversedTexts(
  history: readonly string[],
  candidates: readonly string[],
  tokenizer: Tokenizer,
  contextLength: number,
): LabelledTokens[] | null {
  const turns = history.map(tidyText).filter((text) => text !== '');
  const newest = turns.pop();
  if (newest === undefined) return null;
  // One token more than there are inputs, because the last one is only predicted.
  const capacity = contextLength + 1;
  const newestIds = encodeTurn(newest, tokenizer);
  const longest = Math.max(capacity >> 1, capacity - newestIds.length);
  const replies = candidates.map((text) => encodeTurn(text, tokenizer).slice(-longest));
  const room = capacity - Math.max(0, ...replies.map(({ length }) => length));
  const source = newestIds.slice(0, room);
  for (let text = turns.pop(); text !== undefined; text = turns.pop()) {
    const ids = encodeTurn(text, tokenizer);
    if (source.length + ids.length > room) break;
    source.push(...ids);
  }
  return replies.flatMap(
    (ids) =>
      layOutTurns([
        { ids, supervised: false },
        { ids: source, supervised: true },
      ]) ?? [],
  );
}
