// Some dialogues are kept aside to measure the model on. Dialogues with the same text stand on the same side: a model
// must not be measured on what it has learnt by heart.

import { createHash } from 'node:crypto';
import { UserError } from '../errors.js';
import { seededRandom, shuffled } from '../random.js';
import type { Dialogue } from './dialogue.js';

export interface Split {
  readonly train: readonly Dialogue[];
  readonly evaluation: readonly Dialogue[];
}

/**
 * @param ratio share of the dialogues that is kept aside, in (0, 1); at least one and not all.
 * @throws UserError (data) when there are fewer than two different dialogues.
 */
export function split(dialogues: readonly Dialogue[], ratio: number, seed: number): Split {
  const groups = new Map<string, number[]>();
  dialogues.forEach(({ turns }, index) => {
    const text = createHash('sha256').update(JSON.stringify(turns.map((turn) => turn.text))).digest('base64');
    const group = groups.get(text);
    if (group) group.push(index);
    else groups.set(text, [index]);
  });
  if (groups.size < 2)
    throw new UserError(
      'data',
      `there ${groups.size === 1 ? 'is only one dialogue' : 'are no dialogues'}, too few to keep some aside to measure on; ` +
        'add more, or measure nothing with --eval-ratio 0',
    );
  const held = new Set<number>();
  const wanted = Math.max(1, Math.round(dialogues.length * ratio));
  const candidates = shuffled([...groups.values()], seededRandom(seed, 'split'));
  for (const group of candidates.slice(0, -1)) {
    if (held.size >= wanted) break;
    // A group that would overshoot is left to training, unless nothing is held yet.
    if (held.size > 0 && held.size + group.length > wanted) continue;
    for (const index of group) held.add(index);
  }
  return {
    train: dialogues.filter((_, index) => !held.has(index)),
    evaluation: dialogues.filter((_, index) => held.has(index)),
  };
}
