// How many questions the model answers word for word as the data does: whether a bot says what it was taught, which the
// loss on held-out wordings cannot tell. Only question-answer pairs count: dialogues of which exactly the last turn is
// learned, and whole. In longer dialogues hardly a reply follows from what was said before.
//
// No reply is generated. Greedy decoding gives the reply of the data exactly where every token of it is the likeliest
// one after those before it, so one forward pass over packed pairs answers for all of them. (Where two tokens are
// equally likely to the last bit, the pair counts as answered.)

import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { collate } from '../corpus/batch.js';
import type { EncodedDialogue, LabelledTokens } from '../corpus/encode-dialogue.js';
import type { ExactMatch, ExactMatches } from './events.js';
import type { Learner } from './learner.js';

/** A question and every answer that the data has for it. */
export type Question = readonly LabelledTokens[];

/** Those of the training data, and those of the dialogues that are set aside for evaluation. */
export interface Questions {
  readonly trained: readonly Question[];
  readonly heldOut: readonly Question[];
}

export const noQuestions: Questions = { trained: [], heldOut: [] };

/**
 * Draws up to `evalReplies` different questions from the pairs among dialogues, by the seed. Keeps little of a corpus of
 * any size: a question's rank is a hash, so that those that rank first are known without all the others.
 */
export class QuestionDraw {
  /** Answers by rank. */
  private readonly questions = new Map<string, LabelledTokens[]>();

  /** @param endOfText the token that ends every turn. */
  constructor(
    private readonly endOfText: number,
    private readonly options: { readonly evalReplies: number; readonly seed: number },
  ) {}

  /** A dialogue of the corpus; one that is no pair is passed over. */
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

/** The tokens before the last turn; null where that turn is not all, and nothing but, what is learned. */
function questionOf(
  { tokens, targets, droppedTokens }: EncodedDialogue,
  endOfText: number,
): Int32Array | null {
  const end = tokens.lastIndexOf(endOfText);
  const isPair = end >= 0 && targets.every((target, position) => target >= 0 === position >= end);
  return isPair && droppedTokens === 0 ? tokens.subarray(0, end) : null;
}

/** Of pairs that are learned and of those that are kept aside; null where `interrupted` became true before the end. */
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
 * How many of the questions the model answers, greedily, with one of the answers that the data has for them; null where
 * `interrupted` became true before the end (asked between batches).
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

/** The answers in groups of at most `capacity` tokens; every one alone fits. */
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
