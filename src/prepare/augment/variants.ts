// Makes variants of dialogues: chooses the dialogues and their turns, asks an augmenter in batches, and refuses what is not
// acceptable. What stays as it is and was learned from the original is not learned again.

import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import type { PreparedDialogue } from '../../corpus/prepared/prepared-dialogue.js';
import { textHash } from '../../corpus/text-hash.js';
import { Random } from '../../random.js';
import type { Ledger } from '../ledger.js';
import { objection } from './acceptable.js';
import type { Asked, Variation } from './augmenter.js';
import { namesIn, turnsToVary } from './turns-to-vary.js';

export interface VaryOptions {
  /** The share of dialogues that are varied, in (0, 1]. */
  readonly share: number;
  /** Variants of each. */
  readonly copies: number;
  readonly vary: 'context' | 'all';
  readonly seed: number;
}

/** What an augmenter did so far. */
export interface Counts {
  dialogues: number;
  turns: number;
  /** By reason. */
  readonly refused: Map<string, number>;
}

interface Varying {
  readonly name: string;
  readonly augmenter: Variation;
  readonly options: VaryOptions;
  readonly ledger: Ledger;
  readonly count: Counts;
}

export interface Variant {
  /** The id of the original. */
  readonly from: string;
  readonly dialogue: Dialogue;
}

/** Keeps the random numbers used here independent of other uses of the same seed. */
const stream = 0xa6e2;
const turnsPerBatch = 256;

/** A variant of a dialogue that is asked for. */
interface Wanted {
  readonly original: PreparedDialogue;
  /** The indices of its turns. */
  readonly turns: readonly number[];
}

export async function* variants(
  originals: Iterable<PreparedDialogue>,
  varying: Varying,
): AsyncGenerator<Variant> {
  let wanted: Wanted[] = [];
  let asked: Asked[] = [];
  for (const { original, turns, random } of wantedVariants(originals, varying)) {
    if (asked.length > 0 && asked.length + turns.length > turnsPerBatch) {
      yield* answered(wanted, asked, varying);
      [wanted, asked] = [[], []];
    }
    wanted.push({ original, turns });
    const names = namesIn(original.dialogue);
    for (const turn of turns) {
      const text = original.dialogue.turns[turn]?.text ?? '';
      asked.push({ text, names, random: new Random(random.next(), turn) });
    }
  }
  if (asked.length > 0) yield* answered(wanted, asked, varying);
}

function* wantedVariants(originals: Iterable<PreparedDialogue>, { name, options }: Varying) {
  const { share, copies, vary, seed } = options;
  for (const original of originals) {
    const turns = turnsToVary(original.dialogue, vary).slice(0, turnsPerBatch);
    // Of its own, so that a dialogue's variants do not depend on what else is in the corpus.
    const key = textHash(original.id);
    if (turns.length === 0 || new Random(seed, stream, key).next() >= share * 2 ** 32) continue;
    for (let copy = 0; copy < copies; copy++)
      yield { original, turns, random: new Random(seed, stream, key, textHash(name), copy) };
  }
}

async function* answered(
  wanted: readonly Wanted[],
  asked: readonly Asked[],
  { name, augmenter, ledger, count }: Varying,
): AsyncGenerator<Variant> {
  const answers = await augmenter.vary(asked);
  if (answers.length !== asked.length)
    throw new Error(`${name} gave ${answers.length} variants of ${asked.length} turns`);
  let done = 0;
  for (const { original, turns } of wanted) {
    const said = new Map<number, string>();
    for (const turn of turns) {
      const [before, after] = [asked[done], answers[done]];
      done++;
      if (!before || after === null || after === undefined) continue;
      const reason = objection(before.text, after, before.names);
      if (reason === null) said.set(turn, after);
      else count.refused.set(reason, (count.refused.get(reason) ?? 0) + 1);
    }
    if (said.size === 0) continue;
    count.turns += said.size;
    const dialogue = variant(original.dialogue, said, new Set(turnsToVary(original.dialogue, 'context')));
    ledger.sample(name, original.id, () => ({ before: original.dialogue, after: [dialogue] }));
    yield { from: original.id, dialogue };
  }
}

/**
 * The dialogue with other words in some turns. What comes before the first of them is the original's, and is not learned again.
 * Nor is a turn of the context that was varied.
 */
function variant(
  { turns, ...rest }: Dialogue,
  said: ReadonlyMap<number, string>,
  context: ReadonlySet<number>,
): Dialogue {
  const first = Math.min(...said.keys());
  return {
    ...rest,
    turns: turns.map((turn, index): Turn => {
      const text = said.get(index);
      const isLearned = text === undefined ? index > first : !context.has(index);
      return { ...turn, text: text ?? turn.text, supervised: turn.supervised && isLearned };
    }),
  };
}
