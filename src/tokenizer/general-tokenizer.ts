// Reads any tokenizer.json with Hugging Face's JavaScript tokenizers. It works for every vocabulary, and is about twenty
// times slower than GPT2Tokenizer. Special tokens are removed from the copy that encodes, so that no text can produce one.

import type { Fields } from '../objects.js';
import { definitionIdentity } from './identity.js';
import { LibraryTokenizer } from './library-tokenizer.js';
import type { SpelledToken, Tokenizer } from './tokenizer.js';
import { type TokenizerDefinition, unspokenIds } from './tokenizer-definition.js';

const loneSurrogate = /\p{Surrogate}/gu;

export class GeneralTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  private readonly tokenizer: LibraryTokenizer;
  /** Tokens that decode to an empty string. */
  private readonly special: ReadonlySet<number>;
  private readonly unspoken: ReadonlySet<number>;

  /**
   * @param files the implementation of `files()`.
   * @throws UserError (model) when the definition has parts that this program does not support.
   */
  constructor(
    private readonly definition: TokenizerDefinition,
    readonly endOfText: number,
    readonly spelledTokens: readonly SpelledToken[],
    readonly files: () => ReadonlyMap<string, string>,
  ) {
    const { path, special } = definition;
    this.vocabularySize = definition.vocabularySize;
    this.special = new Set([endOfText, ...special]);
    this.unspoken = unspokenIds(definition, endOfText);
    this.tokenizer = new LibraryTokenizer(path, without(this.unspoken, definition));
  }

  encode(text: string): number[] {
    const wellFormed = text.replace(loneSurrogate, '\ufffd');
    return this.tokenizer.encode(wellFormed).filter((id) => !this.unspoken.has(id));
  }

  identity(): string {
    return definitionIdentity(this.definition, this.endOfText, this.spelledTokens);
  }

  decode(ids: ArrayLike<number>): string {
    const ordinary = Array.from(ids).filter(
      (id) => !this.special.has(id) && this.tokenizer.tokenOf(id) !== undefined,
    );
    if (ordinary.length === 0) return '';
    return this.tokenizer.decode(ordinary);
  }
}

/**
 * The definition without the `unspoken` tokens. They are removed from the added tokens. In the vocabulary they are renamed
 * to names with a lone surrogate, which `encode` never passes on.
 */
function without(unspoken: ReadonlySet<number>, { vocab, addedTokens, fields }: TokenizerDefinition): Fields {
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
