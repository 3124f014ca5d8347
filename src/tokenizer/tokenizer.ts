// Text to ids and back. Callers do not know which implementation reads which vocabulary.

export interface Tokenizer {
  /** Ids lie in 0..vocabularySize-1. */
  readonly vocabularySize: number;
  /** The id of <|endoftext|>, which ends every turn. */
  readonly endOfText: number;
  /** Text that spells a special token is ordinary text here: a corpus cannot forge the end of a turn. */
  encode(text: string): number[];
  /** Special tokens, and ids that no token has, decode to nothing. */
  decode(ids: ArrayLike<number>): string;
  /**
   * The files that let transformers' AutoTokenizer open the same tokenizer, by name: tokenizer.json and
   * tokenizer_config.json; of byte-level BPE vocab.json and merges.txt too; others that a model folder has.
   */
  files(): ReadonlyMap<string, string>;
}
