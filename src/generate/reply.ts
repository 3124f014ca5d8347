// A reply, and what a watcher is told while it is generated.

/** `stop`: the model or a stop string ended it. `length`: it reached the maximum, or the context is full. */
export type FinishReason = 'stop' | 'length' | 'interrupted';

export interface Reply {
  readonly text: string;
  /** New tokens, without the end-of-text token. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** How many of them need not be read again. */
  readonly cachedTokens?: number;
  /** The oldest turns, left out because the context is full. */
  readonly droppedTurns: number;
  readonly finishReason: FinishReason;
  /** From the start of the prompt to the last token. */
  readonly seconds: number;
  readonly secondsToFirstToken: number;
  /** What a bot took the text from; missing for a model that answers alone. */
  readonly from?: { readonly source: string; readonly score: number };
  /** All candidates, best first; empty when there was only one. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly text: string;
  readonly tokens: number;
  /**
   * With a reversed model: the mean log-likelihood of the conversation's tokens, given the candidate. With beam search: the
   * score of the hypothesis. Else the mean log-likelihood of the candidate's own tokens.
   */
  readonly score: number;
}

export interface ReplyWatcher {
  /** The next piece of the text, in whole characters. All pieces together are the text. */
  text(piece: string): void;
  /** Called before the first token and after every token. */
  shouldStop(): boolean;
  /** Ends the reply as `shouldStop` does, for a speaker that has to wait for its turn. */
  readonly signal?: AbortSignal;
}
