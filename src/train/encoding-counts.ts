// What became of a corpus when it was encoded: what --max-length took away, and what the text spelled.

import type { EncodedDialogue } from '../corpus/encode-dialogue.js';
import { plural } from '../corpus/summary.js';

/** What `--max-length` took away. */
export interface LengthLoss {
  /** Dialogues that lost whole turns. */
  readonly dialoguesThatLostTurns: number;
  /** Turns that are learnt and lost their end. */
  readonly cutReplies: number;
  readonly lostTokens: number;
  /** Of all tokens, in 0..1. */
  readonly lostShare: number;
}

export class EncodingCounts {
  private dialoguesThatLostTurns = 0;
  private cutReplies = 0;
  private lostTokens = 0;
  private tokenFilter = 0;
  private endMarkers = 0;
  private specialTokens = 0;

  add(dialogue: EncodedDialogue): void {
    if (dialogue.droppedTurns > 0) this.dialoguesThatLostTurns++;
    if (dialogue.cutReply) this.cutReplies++;
    this.lostTokens += dialogue.droppedTokens;
    this.tokenFilter += dialogue.tokens.length + 1;
    this.endMarkers += dialogue.endMarkers;
    this.specialTokens += dialogue.specialTokens;
  }

  get loss(): LengthLoss {
    const { dialoguesThatLostTurns, cutReplies, lostTokens, tokenFilter } = this;
    const lostShare = lostTokens / Math.max(1, lostTokens + tokenFilter);
    return { dialoguesThatLostTurns, cutReplies, lostTokens, lostShare };
  }

  /** Text that spells special tokens is not learnt as letters; nobody should have to find that out. */
  get notes(): string[] {
    const { endMarkers, specialTokens } = this;
    return [
      ...(endMarkers > 0
        ? [`${plural(endMarkers, 'end-of-text marker')} in the text: the turn ends there`]
        : []),
      ...(specialTokens > 0
        ? [`${plural(specialTokens, 'special token')} of the model in the text: each is learnt as one token`]
        : []),
    ];
  }
}
