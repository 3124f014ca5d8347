// The parts of Hugging Face's tokenizer.json that byte-level BPE uses, and the texts of vocab.json and merges.txt.

export type Merge = readonly [left: string, right: string];

/** A token that is not made by merges. A special one is never found in text. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

export interface ByteLevelVocabulary {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** In the order of their rank. */
  readonly merges: readonly Merge[];
  readonly added: readonly AddedToken[];
  /** Whether text is read as if a space came before it. */
  readonly addPrefixSpace: boolean;
}

/** What transformers saves for a GPT2TokenizerFast. */
export function byteLevelTokenizerJson({ vocabulary, merges, added, addPrefixSpace }: ByteLevelVocabulary) {
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
    added_tokens: added.map(({ id, content, special }) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: !special,
      special,
    })),
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
      vocab: Object.fromEntries(vocabulary),
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

export function mergesText(merges: readonly Merge[]): string {
  return `#version: 0.2\n${merges.map(([left, right]) => `${left} ${right}\n`).join('')}`;
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
