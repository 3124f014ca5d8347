// The tokenizer interface: text to token ids and back. Callers do not know which implementation reads which vocabulary.

/** A special token and the text that spells it. */
export interface SpelledToken {
  readonly id: number;
  readonly content: string;
  /** Whether the token includes the white space before (lstrip) or after it (rstrip). */
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

export interface Tokenizer {
  /** Ids are in 0..vocabularySize-1. */
  readonly vocabularySize: number;
  /** The id of the token that ends every turn: <|endoftext|> in GPT-2's vocabulary. */
  readonly endOfText: number;
  /** Encodes text that spells a special token as ordinary text, so that a user cannot end a turn or take a role. */
  encode(text: string): number[];
  /** Special tokens that training data may spell and `encode` ignores: the end of a turn and others. */
  readonly spelledTokens: readonly SpelledToken[];
  /** Special tokens decode to an empty string. */
  decode(ids: ArrayLike<number>): string;
  /**
   * The contents, by file name, that let transformers' AutoTokenizer open the same tokenizer: tokenizer.json, vocab.json,
   * merges.txt, tokenizer_config.json, special_tokens_map.json, and any other tokenizer file of the model folder.
   */
  files(): ReadonlyMap<string, string>;
  /**
   * A SHA-256 of all that decides the ids of a text in training: tokenizers with the same identity give the same ids. A
   * tokenizer that is opened again from its `files` has the same identity.
   */
  identity(): string;
}
