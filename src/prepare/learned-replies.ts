// Rules that judge replies. What is unfit as a reply can still be understood as context, so such a rule does not leave the
// turn out: it is no longer learned. A dialogue is dropped when no learned reply is left.

import type { Dialogue, Turn } from '../corpus/dialogue.js';
import { keep, type Verdict } from './rule.js';

/** The indices of the turns that answer another turn and are learned. */
export function learnedReplies({ turns }: Dialogue): readonly number[] {
  const first = turns.findIndex(({ role }) => role !== 'system');
  return [...turns.keys()].filter((index) => index > first && turns[index]?.supervised === true);
}

/**
 * Turns the replies that are unfit into context.
 * @param reason why a dialogue without another reply is dropped.
 */
export function unlearn(
  dialogue: Dialogue,
  reason: string,
  isUnfit: (reply: Turn, index: number) => boolean,
): Verdict {
  const { turns } = dialogue;
  const replies = learnedReplies(dialogue);
  const unfit = new Set(
    replies.filter((index) => {
      const reply = turns[index];
      return reply !== undefined && isUnfit(reply, index);
    }),
  );
  if (unfit.size === 0) return keep;
  if (unfit.size === replies.length) return { kind: 'drop', reason };
  return {
    kind: 'change',
    turns: turns.map((turn, index) => (unfit.has(index) ? { ...turn, supervised: false } : turn)),
  };
}
