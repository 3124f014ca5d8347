// Counts what encoding a corpus did: what --max-length removed, and which special tokens the text contained.

import type { EncodedDialogue } from '../corpus/encode-dialogue.js';
import { plural } from '../corpus/summary.js';

/** What `--max-length` removed. */
export interface LengthLoss {
  /** Dialogues that lost whole turns. */
  readonly dialoguesThatLostTurns: number;
  /** Learnt turns that lost their end. */
  readonly cutReplies: number;
  readonly lostTokens: number;
  /** `lostTokens` divided by all tokens, in 0..1. */
  readonly lostShare: number;
}

export class EncodingCounts {
  private dialoguesThatLostTurns = 0;
  private cutReplies = 0;
  private lostTokens = 0;
  private keptTokens = 0;
  private endMarkers = 0;
  private specialTokens = 0;

  add(dialogue: EncodedDialogue): void {
    if (dialogue.droppedTurns > 0) this.dialoguesThatLostTurns++;
    if (dialogue.cutReply) this.cutReplies++;
    this.lostTokens += dialogue.droppedTokens;
    this.keptTokens += dialogue.tokens.length + 1;
    this.endMarkers += dialogue.endMarkers;
    this.specialTokens += dialogue.specialTokens;
  }

  get loss(): LengthLoss {
    const { dialoguesThatLostTurns, cutReplies, lostTokens, keptTokens } = this;
    const lostShare = lostTokens / Math.max(1, lostTokens + keptTokens);
    return { dialoguesThatLostTurns, cutReplies, lostTokens, lostShare };
  }

  /** Text that spells a special token is encoded as that token, not as letters. People should be told. */
  get notes(): string[] {
    const { endMarkers, specialTokens } = this;
    return [
      ...(endMarkers > 0
        ? [`${plural(endMarkers, 'end-of-text marker')} in the text: the turn ends there`]
        : []),
      ...(specialTokens > 0
        ? [`${plural(specialTokens, 'special token')} of the model in the text: each is learned as one token`]
        : []),
    ];
  }
}
