// Counts how many questions the model answers word for word as in the data. This shows whether a bot says what it was
// taught, which the loss on held-out wordings cannot. Only question-answer pairs count: dialogues in which exactly the last
// turn is learned, and completely. In longer dialogues a reply rarely follows from what was said before.
//
// No reply is generated. Greedy decoding produces the reply of the data exactly when each of its tokens is the most likely
// one after the tokens before it. So one forward pass over packed pairs answers for all of them. (When two tokens have
// exactly the same logit, the pair counts as answered.)

import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { collate } from '../corpus/batch.js';
import type { EncodedDialogue, LabelledTokens } from '../corpus/encode-dialogue.js';
import type { ExactMatch, ExactMatches } from './events.js';
import type { Learner } from './learner.js';

/** A question together with every answer that the data has for it. */
export type Question = readonly LabelledTokens[];

/** The questions of the training data and those of the evaluation data. */
export interface Questions {
  readonly trained: readonly Question[];
  readonly heldOut: readonly Question[];
}

export const noQuestions: Questions = { trained: [], heldOut: [] };

/**
 * Draws up to `evalReplies` different questions from the question-answer pairs of a corpus; the seed decides which. Memory
 * does not grow with the corpus: the rank of a question is a hash, so only the questions with the lowest ranks are kept.
 */
export class QuestionDraw {
  /** Answers by rank. */
  private readonly questions = new Map<string, LabelledTokens[]>();

  /** @param endOfText the token that ends every turn. */
  constructor(
    private readonly endOfText: number,
    private readonly options: { readonly evalReplies: number; readonly seed: number },
  ) {}

  /** Offers a dialogue of the corpus. A dialogue that is not a question-answer pair is ignored. */
  add(dialogue: EncodedDialogue): void {
    const { evalReplies, seed } = this.options;
    const question = evalReplies > 0 ? questionOf(dialogue, this.endOfText) : null;
    if (question === null) return;
    const rank = createHash('sha256').update(`${seed} ${question.join()}`).digest('hex');
    const answers = this.questions.get(rank);
    if (answers) answers.push(dialogue);
    else this.questions.set(rank, [dialogue]);
    if (this.questions.size > 2 * evalReplies) this.keepFirst();
  }

  drawn(): Question[] {
    this.keepFirst();
    return [...this.questions.values()];
  }

  private keepFirst(): void {
    const ranks = [...this.questions.keys()].sort();
    for (const rank of ranks.slice(this.options.evalReplies)) this.questions.delete(rank);
  }
}

/** The tokens before the last turn; null unless exactly that turn is learned, and completely. */
function questionOf(
  { tokens, targets, droppedTokens }: EncodedDialogue,
  endOfText: number,
): Int32Array | null {
  const end = tokens.lastIndexOf(endOfText);
  const isPair = end >= 0 && targets.every((target, position) => target >= 0 === position >= end);
  return isPair && droppedTokens === 0 ? tokens.subarray(0, end) : null;
}

/** Measures trained and held-out pairs. Null when `interrupted` returned true before the end. */
export async function measureExactMatches(
  learner: Learner,
  { trained, heldOut }: Questions,
  interrupted: () => boolean,
): Promise<ExactMatches | null> {
  const measured = {
    trained: trained.length > 0 ? await measureExactMatch(learner, trained, interrupted) : null,
    heldOut: heldOut.length > 0 ? await measureExactMatch(learner, heldOut, interrupted) : null,
  };
  return interrupted() ? null : measured;
}

/**
 * How many of the questions the model answers, greedily, with one of the answers in the data. `interrupted` is called
 * after each batch; null when it returns true.
 */
async function measureExactMatch(
  { pass }: Learner,
  questions: readonly Question[],
  interrupted: () => boolean,
): Promise<ExactMatch | null> {
  const answers = questions.flatMap((question, index) => question.map((answer) => ({ index, answer })));
  const answered = new Set<number>();
  for (const together of fillingUp(answers, pass.capacity)) {
    const batch = collate([together.map(({ answer }) => answer)], {
      maxLength: pass.capacity,
      pad: false,
    });
    const hits = pass.hits(batch);
    let from = 0;
    for (const { index, answer } of together) {
      const to = from + answer.supervisedTokens;
      if (hits.subarray(from, to).every((hit) => hit === 1)) answered.add(index);
      from = to;
    }
    await setImmediate();
    if (interrupted()) return null;
  }
  return { exact: answered.size, of: questions.length };
}

/** The answers in groups of at most `capacity` tokens. Each answer on its own fits. */
function fillingUp<Item extends { readonly answer: LabelledTokens }>(
  items: readonly Item[],
  capacity: number,
): Item[][] {
  const groups: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const { length } = item.answer.tokens;
    if (length > room) {
      groups.push([]);
      room = capacity;
    }
    groups.at(-1)?.push(item);
    room -= length;
  }
  return groups;
}
