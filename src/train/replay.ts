// Replay: a part of the conversations that a model knows is learned again beside new ones, so that it does not forget them
// (Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", 1995). The part is drawn once, by the seed, so each
// epoch and a resumed run have the same.

import type { TrainOptions } from '../config/train-options.js';
import type { Conversations } from '../corpus/conversations.js';
import type { EncodedDialogue } from '../corpus/encode-dialogue.js';
import { plural } from '../corpus/summary.js';
import { option } from '../option-names.js';
import { Random } from '../random.js';

/** Dialogues that are encoded at once: the last ones may be encoded in vain. */
const batch = 64;
/** Tells this stream of random numbers from others of the same seed. */
const purpose = 0x7265706c;

interface Draw {
  /** Tokens. */
  readonly wanted: number;
  readonly seed: number;
}

/** Dialogues in random order until they have the tokens wanted, or none is left. */
export function* drawn(
  replay: Conversations,
  { wanted, seed }: Draw,
  encodedOf: (some: Conversations) => Iterable<EncodedDialogue | null>,
): Generator<EncodedDialogue> {
  const order = new Int32Array(replay.length).map((_, index) => index);
  new Random(seed, purpose).shuffle(order);
  let tokens = 0;
  for (let from = 0; from < order.length && tokens < wanted; from += batch)
    for (const encoded of encodedOf(replay.subset(order.subarray(from, from + batch)))) {
      if (encoded === null) continue;
      if (tokens >= wanted) return;
      tokens += encoded.tokens.length;
      yield encoded;
    }
}

/** @param share of the tokens of an epoch. */
export function replayNote(
  { replay, replayRatio }: Pick<TrainOptions, 'replay' | 'replayRatio'>,
  dialogues: number,
  share: number,
): string {
  const percent = (value: number) => `${Math.round(100 * value)}%`;
  const less =
    share < 0.9 * replayRatio
      ? `, not ${percent(replayRatio)}: there are no more; lower ${option('replayRatio')} or name more conversations`
      : '';
  return `replays ${plural(dialogues, 'dialogue')} of ${replay.join(', ')}: ${percent(share)} of the tokens of an epoch${less}`;
}
