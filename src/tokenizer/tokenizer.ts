// Text to ids and back. Callers do not know which implementation reads which vocabulary.

export interface Tokenizer {
  /** Ids lie in 0..vocabularySize-1. */
  readonly vocabularySize: number;
  /** The id of <|endoftext|>, which ends every turn. */
  readonly endOfText: number;
  /** Text that spells a special token is ordinary text here: a corpus cannot forge the end of a turn. */
  encode(text: string): number[];
  /** Special tokens decode to nothing. */
  decode(ids: ArrayLike<number>): string;
  /** The files that let transformers' AutoTokenizer open the same tokenizer, by name: tokenizer.json, vocab.json, merges.txt, tokenizer_config.json. */
  files(): ReadonlyMap<string, string>;
}
