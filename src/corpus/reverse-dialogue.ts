// A conversation told backwards, for a model that learns what was said from what was answered: P(source | response).

import type { Dialogue } from './dialogue.js';

/**
 * The spoken turns, last one first; instructions are left out, as nobody answers them.
 *
 * A turn is to be learnt where the turn that answers it was: what `supervised` says of a turn is that the pair of it and
 * what came before is worth learning, and backwards that pair is the earlier turn, given the later one. (DialoGPT's
 * files turn off the source and leave on the response; its own flag would leave nothing to learn.) The last turn, which
 * nothing answers and which here comes first, keeps its own.
 */
export function reverseDialogue({ turns, source }: Dialogue): Dialogue {
  const spoken = turns.filter(({ system }) => !system);
  const reversed = spoken.map((turn, index) => ({
    text: turn.text,
    supervised: (spoken[index + 1] ?? turn).supervised,
  }));
  return { turns: reversed.reverse(), source };
}
