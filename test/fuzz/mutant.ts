// Creates one mutant. It depends only on target, seed and number, so that every finding can be reproduced.

import { Dice } from './dice.js';
import type { Files, Target } from './target.js';

function keyOf(name: string): number {
  let key = 0;
  for (const letter of name) key = (key * 31 + letter.charCodeAt(0)) % 2 ** 32;
  return key;
}

export function mutantOf(name: string, target: Target, seed: number, number: number): Files {
  const dice = new Dice(keyOf(name), seed, number);
  const [first] = target.seeds;
  const chosen = dice.pick(target.seeds) ?? first;
  const other = dice.pick(target.seeds) ?? first;
  if (chosen === undefined || other === undefined) throw new Error(`${name} has no seeds`);
  return target.mutate(chosen, dice, other);
}
