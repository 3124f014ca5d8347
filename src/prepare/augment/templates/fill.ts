// Fills templates with values: all combinations if there are few enough, or else as many as wanted, drawn at random. No dialogue
// is made twice.

import type { Dialogue } from '../../../corpus/dialogue.js';
import { textHash } from '../../../corpus/text-hash.js';
import { Random } from '../../../random.js';
import { slotsOf, type Template, type TemplateFile } from './template.js';

/** Keeps the random numbers used here independent of other uses of the same seed. */
const stream = 0x7e3a;
/** So many draws without a new dialogue show that hardly any is left. */
const mostMisses = 1000;

/** The values of a template's slots, by list. */
type Values = ReadonlyMap<string, readonly string[]>;

/** @param most how many dialogues are made at most. */
export function* filled({ templates, lists }: TemplateFile, most: number, seed: number): Generator<Dialogue> {
  const counts = templates.map((template) => combinations(template, lists));
  const shares = divided(
    most,
    templates.map(({ weight }) => weight),
    counts,
  );
  /** Hashes of texts. */
  const made = new Set<number>();
  for (const [index, template] of templates.entries()) {
    const [share = 0, count = 0] = [shares[index], counts[index]];
    const random = new Random(seed, stream, index);
    const choices =
      2 * share > count
        ? shuffledCombinations(template, lists, count, random)
        : drawn(template, lists, random);
    let [left, misses] = [share, 0];
    for (const values of choices) {
      if (left === 0 || misses > mostMisses) break;
      const dialogue = dialogueOf(template, values);
      const key = textHash(JSON.stringify(dialogue.turns.map(({ text }) => text)));
      misses++;
      if (made.has(key)) continue;
      made.add(key);
      [left, misses] = [left - 1, 0];
      yield dialogue;
    }
  }
}

/** In how many ways a template can be filled. */
function combinations(template: Template, lists: TemplateFile['lists']): number {
  let count = 1;
  for (const [list, slots] of slotsOf(template)) {
    const { length } = lists.get(list) ?? [];
    for (let slot = 0; slot < slots; slot++) count *= Math.max(0, length - slot);
  }
  return count;
}

/** Divides `most` in proportion to the weights. Nobody gets more than its limit; what is left over goes to the others. */
export function divided(most: number, weights: readonly number[], limits: readonly number[]): number[] {
  const shares = weights.map(() => 0);
  let left = most;
  for (;;) {
    const open = [...weights.keys()].filter((index) => (shares[index] ?? 0) < (limits[index] ?? 0));
    const total = open.reduce((sum, index) => sum + (weights[index] ?? 0), 0);
    if (left === 0 || open.length === 0) return shares;
    let given = 0;
    for (const index of open) {
      const fair = Math.floor((left * (weights[index] ?? 0)) / total);
      const extra = Math.min(fair, (limits[index] ?? 0) - (shares[index] ?? 0));
      shares[index] = (shares[index] ?? 0) + extra;
      given += extra;
    }
    left -= given;
    // What cannot be divided goes to the first ones.
    if (given === 0)
      for (const index of open.slice(0, left)) {
        shares[index] = (shares[index] ?? 0) + 1;
        left--;
      }
  }
}

function* drawn(template: Template, lists: TemplateFile['lists'], random: Random): Generator<Values> {
  const slots = [...slotsOf(template)];
  for (;;)
    yield new Map(slots.map(([list, count]) => [list, distinct(lists.get(list) ?? [], count, random)]));
}

/** Different values of a list, in random order. */
function distinct(list: readonly string[], count: number, random: Random): string[] {
  const places = new Set<number>();
  while (places.size < count) places.add(random.below(list.length));
  return [...places].map((place) => list[place] ?? '');
}

/** All combinations, in random order. */
function* shuffledCombinations(
  template: Template,
  lists: TemplateFile['lists'],
  count: number,
  random: Random,
): Generator<Values> {
  const slots = [...slotsOf(template)];
  for (const number of random.shuffle(Uint32Array.from({ length: count }, (_, index) => index)))
    yield combination(number, slots, lists);
}

/** The combinations are numbered from 0. */
function combination(
  number: number,
  slots: readonly (readonly [list: string, count: number])[],
  lists: TemplateFile['lists'],
): Values {
  let rest = number;
  const values = new Map<string, readonly string[]>();
  for (const [list, count] of slots) {
    const left = [...(lists.get(list) ?? [])];
    const chosen: string[] = [];
    for (let slot = 0; slot < count; slot++) {
      const place = rest % left.length;
      rest = Math.floor(rest / left.length);
      chosen.push(...left.splice(place, 1));
    }
    values.set(list, chosen);
  }
  return values;
}

function dialogueOf({ turns, place }: Template, values: Values): Dialogue {
  return {
    turns: turns.map((pieces, index) => {
      const isReply = index % 2 === 1;
      const text = pieces.map((piece) =>
        typeof piece === 'string' ? piece : (values.get(piece.list)?.[piece.slot] ?? ''),
      );
      return { text: text.join(''), supervised: isReply, role: isReply ? 'assistant' : 'user' };
    }),
    source: place,
  };
}
