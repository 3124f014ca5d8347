// Keeps a part of the dialogues aside for evaluation. Dialogues of the same text are one: they stand on one side.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { Random } from '../random.js';
import type { Dialogue } from './dialogue.js';

/** Tells this use of a seed from the others. */
const stream = 0x5917;

export interface Split {
  readonly train: Dialogue[];
  readonly evaluation: Dialogue[];
}

/**
 * About `ratio` (in 0..1, both excluded) of the dialogues for evaluation, at least one, and at least one for training;
 * each side in the order of `dialogues`.
 * @throws UserError (data) when all dialogues have the same text.
 */
export function split(dialogues: readonly Dialogue[], ratio: number, seed: number): Split {
  const groups = groupByText(dialogues);
  if (groups.length < 2)
    throw new UserError(
      'corpus-too-small',
      `an evaluation set needs at least 2 different dialogues, and the data has ${groups.length}; add more, or give ${option('evalRatio', 0)}`,
    );
  const wanted = Math.max(1, Math.round(dialogues.length * ratio));
  const shuffled = new Random(seed, stream).shuffle(groups);
  const chosen = choose(shuffled, wanted);
  const aside = new Set(chosen.flat());
  return {
    train: dialogues.filter((dialogue) => !aside.has(dialogue)),
    evaluation: dialogues.filter((dialogue) => aside.has(dialogue)),
  };
}

/** Groups that together have at most `wanted` dialogues; the smallest one where none is that small; never all. */
function choose(groups: readonly Dialogue[][], wanted: number): Dialogue[][] {
  const chosen: Dialogue[][] = [];
  let room = wanted;
  for (const group of groups) {
    if (group.length > room || chosen.length === groups.length - 1) continue;
    chosen.push(group);
    room -= group.length;
  }
  const smallest = groups.reduce((least, group) => (group.length < least.length ? group : least));
  return chosen.length > 0 ? chosen : [smallest];
}

/** The dialogues whose text is not that of one of `others`. */
export function without(dialogues: readonly Dialogue[], others: readonly Dialogue[]): Dialogue[] {
  const texts = new Set(others.map(textOf));
  return dialogues.filter((dialogue) => !texts.has(textOf(dialogue)));
}

function textOf({ turns }: Dialogue): string {
  return JSON.stringify(turns.map(({ text }) => text));
}

function groupByText(dialogues: readonly Dialogue[]): Dialogue[][] {
  const groups = new Map<string, Dialogue[]>();
  for (const dialogue of dialogues) {
    const text = textOf(dialogue);
    const others = groups.get(text);
    if (others) others.push(dialogue);
    else groups.set(text, [dialogue]);
  }
  return [...groups.values()];
}
