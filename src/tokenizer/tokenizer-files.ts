// Names and contents of the files that store a tokenizer. It generates the files that a model folder lacks, in the form
// that transformers reads. It does not know about encoding.

/** The tokenizer files that transformers may look for. All of them are text. */
export const tokenizerFileNames = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
] as const;

/** A token that is added to the vocabulary, as tokenizer.json lists it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly single_word?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly normalized?: boolean;
}

export interface BytePairVocabulary {
  /** Token to id; includes the special tokens that vocab.json lists. */
  readonly vocab: ReadonlyMap<string, number>;
  /** `left right`, best first. */
  readonly merges: readonly string[];
}

export const endOfTextToken = '<|endoftext|>';

/**
 * tokenizer.json of a byte-level byte-pair tokenizer, as text. It is assembled by hand to keep the tokens sorted by id:
 * a JavaScript object would move keys such as "1" to the front.
 */
export function tokenizerJson(
  { vocab, merges }: BytePairVocabulary,
  addedTokens: readonly AddedToken[],
  { addPrefixSpace = false } = {},
): string {
  const byteLevel = (addPrefix: boolean, trimOffsets: boolean) => ({
    type: 'ByteLevel',
    add_prefix_space: addPrefix,
    trim_offsets: trimOffsets,
    use_regex: true,
  });
  const model = [
    '"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":""',
    `"fuse_unk":false,"byte_fallback":false,"vocab":${vocabJson(vocab)},"merges":${JSON.stringify(merges)}`,
  ];
  const parts = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens.map(({ id, content, special, ...rest }) => ({
      id,
      content,
      single_word: rest.single_word ?? false,
      lstrip: rest.lstrip ?? false,
      rstrip: rest.rstrip ?? false,
      normalized: rest.normalized ?? !special,
      special,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel(addPrefixSpace, true),
    post_processor: byteLevel(true, false),
    decoder: byteLevel(true, true),
  };
  return `${JSON.stringify(parts).slice(0, -1)},"model":{${model.join(',')}}}\n`;
}

/** vocab.json, sorted by id. */
export function vocabJson(vocab: ReadonlyMap<string, number>): string {
  const entries = [...vocab].sort(([, left], [, right]) => left - right);
  return `{${entries.map(([token, id]) => `${JSON.stringify(token)}:${id}`).join(',')}}`;
}

/** merges.txt. */
export function mergesText(merges: readonly string[]): string {
  return `#version: 0.2\n${merges.join('\n')}\n`;
}

/** What transformers needs to know in addition to the vocabulary. */
export interface TokenizerConfig {
  readonly endOfTextToken: string;
  /** Tokens by role, such as `pad_token`. */
  readonly roles: Roles;
  /** Whether it is a byte-level tokenizer like GPT-2's. */
  readonly byteLevel: boolean;
  readonly addPrefixSpace: boolean;
}

export type Roles = Readonly<Record<string, string | readonly string[]>>;

export function tokenizerConfigJson(config: TokenizerConfig): string {
  const { byteLevel, addPrefixSpace } = config;
  return pretty({
    ...(byteLevel && { add_prefix_space: addPrefixSpace }),
    ...namedTokens(config),
    clean_up_tokenization_spaces: false,
    tokenizer_class: byteLevel ? 'GPT2Tokenizer' : 'PreTrainedTokenizerFast',
  });
}

export function specialTokensMapJson(config: TokenizerConfig): string {
  return pretty(namedTokens(config));
}

/** GPT-2 uses one token for the beginning, the end and unknown text. Other kinds have only the tokens that are named. */
function namedTokens({ endOfTextToken: end, roles, byteLevel }: TokenizerConfig): object {
  return { ...(byteLevel && { bos_token: end, eos_token: end, unk_token: end }), ...roles, eos_token: end };
}

function pretty(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
