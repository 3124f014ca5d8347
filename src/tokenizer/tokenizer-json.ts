// The parts of Hugging Face's tokenizer.json that byte-level BPE uses, and the texts of vocab.json and merges.txt.

/** A token that is not made by merges, in the words of tokenizer.json. A special one is never found in text. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether it is only found between characters that are no word's. */
  readonly single_word: boolean;
  /** Whether it takes the white space before it, or after it, along. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it is looked for after the text was normalised. */
  readonly normalized: boolean;
  readonly special: boolean;
}

export function specialToken(id: number, content: string): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

export interface ByteLevelVocabulary {
  /** Ids by token. */
  readonly vocab: Readonly<Record<string, unknown>>;
  /** Each as "left right", in the order of their rank. */
  readonly merges: readonly string[];
  readonly added: readonly AddedToken[];
  /** Whether text is read as if a space came before it. */
  readonly addPrefixSpace: boolean;
}

/** What transformers saves for a GPT2TokenizerFast. */
export function byteLevelTokenizerJson({ vocab, merges, added, addPrefixSpace }: ByteLevelVocabulary) {
  const byteLevel = {
    type: 'ByteLevel',
    add_prefix_space: addPrefixSpace,
    trim_offsets: true,
    use_regex: true,
  };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, add_prefix_space: true, trim_offsets: false },
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

export function mergesText(merges: readonly string[]): string {
  return `#version: 0.2\n${merges.join('\n')}\n`;
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
