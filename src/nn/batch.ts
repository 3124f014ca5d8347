// A micro-batch of packed dialogues on the host: what the model reads and what it should predict.

/**
 * R rows, one per token position; the dialogues lie one after the other, and `Segments` describes their bounds. S <= R of
 * the rows are supervised.
 */
export interface Batch {
  /** [R]. */
  readonly tokens: Int32Array;
  /** [R], from 0 in every dialogue. */
  readonly positions: Int32Array;
  /** [R]: the first row of the dialogue that a row belongs to. */
  readonly segmentStarts: Int32Array;
  /** [R]: the row after its last one. */
  readonly segmentEnds: Int32Array;
  /** [S]: the rows whose prediction the loss counts. */
  readonly supervisedRows: Int32Array;
  /** [S]: the token that each of them should predict. */
  readonly targets: Int32Array;
}
