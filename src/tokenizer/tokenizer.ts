// Text to ids and back. Callers do not know which implementation reads which vocabulary.

/** A special token as a text spells it. */
export interface SpelledToken {
  readonly id: number;
  readonly content: string;
  /** Whether white space before or after it belongs to it. */
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

export interface Tokenizer {
  /** Ids lie in 0..vocabularySize-1. */
  readonly vocabularySize: number;
  /** The id of the token that ends every turn: <|endoftext|> in GPT-2's vocabulary. */
  readonly endOfText: number;
  /** Text that spells a special token is ordinary text here: nobody who types can end a turn or take a role. */
  encode(text: string): number[];
  /** What training data may spell and `encode` does not read: the end of a turn, and other special tokens. */
  readonly spelledTokens: readonly SpelledToken[];
  /** Special tokens decode to nothing. */
  decode(ids: ArrayLike<number>): string;
  /**
   * The files that let transformers' AutoTokenizer open the same tokenizer, by name: tokenizer.json, vocab.json,
   * merges.txt, tokenizer_config.json, special_tokens_map.json, and what else a model folder had of its own.
   */
  files(): ReadonlyMap<string, string>;
}
