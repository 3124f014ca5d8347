// Any tokenizer.json, read by Hugging Face's JavaScript tokenizers: right for every vocabulary, and some twenty times
// slower than the fast one. Special tokens are taken out of the copy that encodes, so that no text can spell one.

import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { messageOf, UserError } from '../errors.js';
import { gpt2Pieces } from './gpt2-pieces.js';
import type { Tokenizer } from './tokenizer.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';

/** What is used of the library, whose own declarations do not resolve under Node's module rules. */
interface LibraryTokenizer {
  /** A function with the properties of its kind. */
  readonly pre_tokenizer: unknown;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
}

const loneSurrogate = /\p{Surrogate}/gu;

export class GeneralTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  private readonly path: string;
  private readonly tokenizer: LibraryTokenizer;
  /** What decodes to nothing. */
  private readonly special: ReadonlySet<number>;
  /** What nothing encodes to: the special tokens but the one for unknown text. */
  private readonly unspoken: ReadonlySet<number>;

  /**
   * @param files what `files()` gives.
   * @throws UserError (model) when the definition has parts that this program does not know.
   */
  constructor(
    definition: TokenizerDefinition,
    readonly endOfText: number,
    readonly files: () => ReadonlyMap<string, string>,
  ) {
    const { path, special, unknown } = definition;
    this.path = path;
    this.vocabularySize = definition.vocabularySize;
    this.special = new Set([endOfText, ...special]);
    this.unspoken = new Set([endOfText, ...[...special].filter((id) => id !== unknown)]);
    this.tokenizer = attempt(path, () => {
      const tokenizer: LibraryTokenizer = new HuggingFaceTokenizer(without(this.unspoken, definition), {});
      cutSoundly(tokenizer.pre_tokenizer);
      return tokenizer;
    });
  }

  encode(text: string): number[] {
    const sound = text.replace(loneSurrogate, '\ufffd');
    const { ids } = attempt(this.path, () => this.tokenizer.encode(sound, { add_special_tokens: false }));
    return ids.filter((id): id is number => id !== undefined && !this.unspoken.has(id));
  }

  decode(ids: ArrayLike<number>): string {
    const ordinary = Array.from(ids).filter(
      (id) => !this.special.has(id) && this.tokenizer.id_to_token(id) !== undefined,
    );
    if (ordinary.length === 0) return '';
    return attempt(this.path, () => this.tokenizer.decode(ordinary, { clean_up_tokenization_spaces: false }));
  }
}

/** What the library throws at are parts of a definition that it does not have; some it meets only in a text. */
function attempt<Result>(path: string, step: () => Result): Result {
  try {
    return step();
  } catch (thrown) {
    const reason = messageOf(thrown).replace(/\s+/g, ' ');
    throw new UserError(
      'tokenizer-unsupported',
      `${path} is a tokenizer that this program cannot read (${reason}); use a model with a GPT-2 tokenizer`,
      { cause: thrown },
    );
  }
}

/** The library's own pattern has JavaScript's white space in it, and pieces without length would never end. */
function cutSoundly(preTokenizer: unknown): void {
  if (typeof preTokenizer !== 'function') return;
  if ('byte_encoder' in preTokenizer && 'pattern' in preTokenizer) preTokenizer.pattern = gpt2Pieces;
  if (
    '_length' in preTokenizer &&
    !(Number.isInteger(preTokenizer._length) && Number(preTokenizer._length) > 0)
  )
    throw new Error('it cuts texts into pieces without length');
  if ('tokenizers' in preTokenizer && Array.isArray(preTokenizer.tokenizers))
    preTokenizer.tokenizers.forEach(cutSoundly);
}

/**
 * The definition without the tokens `unspoken`: not among the added tokens, and in the vocabulary under names that hold
 * half a surrogate pair, which no text that is encoded does.
 */
function without(unspoken: ReadonlySet<number>, { vocab, addedTokens, fields }: TokenizerDefinition): object {
  const json = fields();
  const { model } = json;
  const nameless = (id: number) => `\ud800${id}`;
  const hidden = Array.isArray(model.vocab)
    ? model.vocab.map((entry: unknown, id) =>
        unspoken.has(id) && Array.isArray(entry) ? [nameless(id), ...entry.slice(1)] : entry,
      )
    : Object.fromEntries([...vocab].map(([token, id]) => [unspoken.has(id) ? nameless(id) : token, id]));
  return {
    ...json,
    added_tokens: addedTokens.filter(({ id, special }) => !special && !unspoken.has(id)),
    post_processor: null,
    model: { ...model, vocab: hidden },
  };
}
