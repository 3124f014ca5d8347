// What a reply is, and what is told of it while it grows.

/** `stop`: the model ended it, or a stop string did. `length`: the longest that was allowed, or the context is full. */
export type FinishReason = 'stop' | 'length' | 'interrupted';

export interface Reply {
  readonly text: string;
  /** New ones; the end-of-text token is not counted. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** Turns that had to leave the context, the oldest ones. */
  readonly droppedTurns: number;
  readonly finishReason: FinishReason;
  /** From the prompt to the last token. */
  readonly seconds: number;
  readonly secondsToFirstToken: number;
  /** All that were considered, best first; empty where there was only one. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly text: string;
  readonly tokens: number;
  /**
   * Under a reversed model: the mean log-likelihood of the conversation's tokens, given the candidate. Of beams: what
   * beam search compares. Else the mean log-likelihood of the candidate's own tokens.
   */
  readonly score: number;
}

export interface ReplyWatcher {
  /** The next piece of the text: whole characters. All pieces together are the text. */
  text(piece: string): void;
  /** Asked after every token. */
  shouldStop(): boolean;
}
