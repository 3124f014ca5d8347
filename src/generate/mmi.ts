// Reranking by maximum mutual information (Zhang et al. 2020, "DialoGPT", section 3.3; Li et al. 2016): of several
// replies, the one wins from which a model of reversed conversations best guesses what it answers. That punishes
// bland replies, which answer anything. Where the replies come from is not known here.

import { collate } from '../corpus/batch.js';
import { encodeTurn, type LabelledTokens, layOutTurns } from '../corpus/encode-dialogue.js';
import { tidyText } from '../corpus/tidy-text.js';
import type { ScoringPass } from '../nn/scoring-pass.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

export interface ScoredCandidate {
  /** As it was given. */
  readonly text: string;
  /** Its place among the candidates given. */
  readonly index: number;
  /**
   * -log P(source | candidate) under the reversed model, in nats, mean over the source's tokens: those of every turn
   * that is kept of the history and the end-of-text token of each. Infinite where the candidate is empty, or the model
   * gives no number.
   */
  readonly loss: number;
}

export class MmiReranker {
  /** @param pass of a model whose `dialogueOrder` is 'reversed'; its capacity bounds how much is computed at a time. */
  constructor(
    private readonly pass: ScoringPass,
    private readonly tokenizer: Tokenizer,
  ) {}

  /**
   * The candidates in the order in which they were given. Those of the same text are computed once.
   * @param history the turns that a candidate would answer, oldest first. Without any, all losses are 0.
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

  /** As `score`, the best first; of two that are equally good, the one that was given first. */
  rerank(history: readonly string[], candidates: readonly string[]): ScoredCandidate[] {
    // Infinity - Infinity is NaN, which is as good as 0 here.
    return this.score(history, candidates).sort(
      (one, other) => one.loss - other.loss || one.index - other.index,
    );
  }

  /** The mean loss of each text's targets; as many texts go through the model together as the pass has room for. */
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
 * What the reversed model reads for each candidate, as it was trained (corpus/encode-dialogue.ts): the candidate and
 * its end-of-text token, then the turns of the history, newest first, each with its own; these are the targets. Where
 * the context is too short, the oldest turns leave, the same for every candidate, since means over different tokens
 * could not be compared; the newest stays, and is cut to its beginning where it must be, as a candidate to its end.
 *
 * @param candidates tidied, none empty.
 * @param contextLength the most tokens that the model can read.
 * @returns null where the history has no turn with text in it.
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
  // One token more than there are inputs: the last is only predicted.
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
