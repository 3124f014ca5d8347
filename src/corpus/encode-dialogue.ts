// A dialogue as the model sees it: its turns' tokens, each turn closed by end-of-text, and for every position the
// token that should come next, where the loss counts it.

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Dialogue } from './dialogue.js';

/** Target of a position that the loss does not count. */
export const ignored = -1;

/** Turns that the loss counts: every one after the first, all, or the last only. */
export type LossOn = 'responses' | 'all' | 'last';

export interface EncodedDialogue {
  /** Input tokens [n]. The last end-of-text is not among them: nothing follows it. */
  readonly tokens: Int32Array;
  /** [n], the token after each input token, or `ignored`. */
  readonly targets: Int32Array;
  /** Tokens that did not fit and were left out. */
  readonly droppedTokens: number;
}

interface EncodedTurn {
  /** With end-of-text, unless it was cut off. */
  readonly ids: readonly number[];
  readonly supervised: boolean;
}

export interface EncodeOptions {
  readonly lossOn: LossOn;
  /** Most input tokens of a dialogue. */
  readonly maxLength: number;
}

/** @returns null where the loss would count nothing. */
export function encodeDialogue(
  dialogue: Dialogue,
  tokenizer: Tokenizer,
  { lossOn, maxLength }: EncodeOptions,
): EncodedDialogue | null {
  const last = dialogue.turns.length - 1;
  const turns = dialogue.turns.map(({ text, supervised }, index): EncodedTurn => {
    const counted = lossOn === 'all' || (lossOn === 'last' ? index === last : index > 0);
    return { ids: [...tokenizer.encode(text), tokenizer.endOfText], supervised: supervised && counted };
  });
  const kept = fit(turns, maxLength);
  const ids = kept.flatMap((turn) => turn.ids);
  // The very first token has nothing before it that could predict it.
  const counts = kept.flatMap((turn) => turn.ids.map(() => turn.supervised)).slice(1);
  if (!counts.includes(true)) return null;
  const before = turns.reduce((sum, turn) => sum + turn.ids.length, 0);
  return {
    tokens: Int32Array.from(ids.slice(0, -1)),
    targets: Int32Array.from(counts, (counted, index) => (counted ? (ids[index + 1] ?? ignored) : ignored)),
    droppedTokens: before - ids.length,
  };
}

/**
 * The newest turns that fit into `maxLength` inputs, whole. Where not even the last two do, the older one keeps its
 * newest tokens and at least an eighth of the room; the last one is cut at its end and then not taught to end there.
 */
function fit(turns: readonly EncodedTurn[], maxLength: number): readonly EncodedTurn[] {
  // One more than the inputs: the last token is only a target.
  const room = maxLength + 1;
  let first = turns.length;
  let used = 0;
  while (first > 0) {
    const length = turns[first - 1]?.ids.length ?? 0;
    if (used + length > room) break;
    used += length;
    first--;
  }
  if (turns.length - first >= 2 || first === 0) return turns.slice(first);
  const [context, reply] = turns.slice(-2);
  if (!context || !reply) return turns;
  const leastContext = Math.min(context.ids.length, Math.max(1, Math.floor(room / 8)));
  const replyIds = reply.ids.slice(0, room - leastContext);
  const contextIds = context.ids.slice(-(room - replyIds.length));
  return [
    { ids: contextIds, supervised: context.supervised },
    { ids: replyIds, supervised: reply.supervised },
  ];
}
