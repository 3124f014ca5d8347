// Any tokenizer.json, read by Hugging Face's JavaScript tokenizers: right for every vocabulary, and some twenty times
// slower than the fast one. Special tokens are taken out of the copy that encodes, so that no text can spell one.

import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { messageOf, UserError } from '../errors.js';
import type { Tokenizer } from './tokenizer.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';

const loneSurrogate = /\p{Surrogate}/gu;

export class GeneralTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  private readonly tokenizer: HuggingFaceTokenizer;
  private readonly special: ReadonlySet<number>;

  /**
   * @param files what `files()` gives.
   * @throws UserError (model) when the definition has parts that this program does not know.
   */
  constructor(
    definition: TokenizerDefinition,
    readonly endOfText: number,
    readonly files: () => ReadonlyMap<string, string>,
  ) {
    this.vocabularySize = definition.vocabularySize;
    this.special = new Set([
      endOfText,
      ...definition.addedTokens.filter(({ special }) => special).map(({ id }) => id),
    ]);
    try {
      this.tokenizer = new HuggingFaceTokenizer(withoutSpecial(definition, this.special), {});
    } catch (thrown) {
      throw new UserError(
        'model',
        `${definition.path} is a tokenizer that this program cannot read (${messageOf(thrown)}); use a model with a GPT-2 tokenizer`,
        { cause: thrown },
      );
    }
  }

  encode(text: string): number[] {
    const { ids } = this.tokenizer.encode(text.replace(loneSurrogate, '\ufffd'), {
      add_special_tokens: false,
    });
    return ids.filter((id) => id !== undefined && !this.special.has(id));
  }

  decode(ids: ArrayLike<number>): string {
    const ordinary = Array.from(ids).filter(
      (id) => !this.special.has(id) && this.tokenizer.id_to_token(id) !== undefined,
    );
    if (ordinary.length === 0) return '';
    return this.tokenizer.decode(ordinary, { clean_up_tokenization_spaces: false });
  }
}

/**
 * The definition without its special tokens: not among the added tokens, and in the vocabulary under names that hold
 * half a surrogate pair, which no text that is encoded does.
 */
function withoutSpecial({ json, addedTokens }: TokenizerDefinition, special: ReadonlySet<number>): object {
  const unspeakable = (id: number) => `\ud800${id}`;
  const { model } = json;
  const { vocab } = model;
  const hidden = Array.isArray(vocab)
    ? vocab.map((entry, id) =>
        special.has(id) && Array.isArray(entry) ? [unspeakable(id), ...entry.slice(1)] : entry,
      )
    : Object.fromEntries(
        Object.entries(vocab).map(([token, id]) => [special.has(id) ? unspeakable(id) : token, id]),
      );
  return {
    ...json,
    added_tokens: addedTokens.filter(({ id }) => !special.has(id)),
    post_processor: null,
    model: { ...model, vocab: hidden },
  };
}
