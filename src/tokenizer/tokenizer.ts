// Text to ids and back. Callers do not know which implementation reads which vocabulary.

export interface Tokenizer {
  /** Ids lie in 0..vocabularySize-1. */
  readonly vocabularySize: number;
  /** The id of the token that ends every turn: <|endoftext|> in GPT-2's vocabulary. */
  readonly endOfText: number;
  /** Text that spells a special token is ordinary text here: a corpus cannot forge the end of a turn. */
  encode(text: string): number[];
  /** Special tokens decode to nothing. */
  decode(ids: ArrayLike<number>): string;
  /**
   * The files that let transformers' AutoTokenizer open the same tokenizer, by name: tokenizer.json, vocab.json,
   * merges.txt, tokenizer_config.json, special_tokens_map.json, and what else a model folder had of its own.
   */
  files(): ReadonlyMap<string, string>;
}
