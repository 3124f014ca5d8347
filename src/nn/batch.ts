// A micro-batch of packed dialogues on the host: the model's input and its targets. It does not know how dialogues are
// packed or which device they go to.

/**
 * R positions, one per token. Dialogues follow each other, and `segmentStarts` and `segmentEnds` hold their boundaries
 * (see `Segments`). S <= R positions are supervised.
 */
export interface Batch {
  /** [R]. */
  readonly tokens: Int32Array;
  /** [R], starting at 0 in every dialogue. */
  readonly positions: Int32Array;
  /** [R]: the index of the first position of the dialogue that each position belongs to. */
  readonly segmentStarts: Int32Array;
  /** [R]: the index after the last position of that dialogue. */
  readonly segmentEnds: Int32Array;
  /** [S]: the indices of the positions whose predictions contribute to the loss. */
  readonly supervisedRows: Int32Array;
  /** [S]: the token that each supervised position should predict. */
  readonly targets: Int32Array;
}
