// Any tokenizer.json, read by Hugging Face's JavaScript tokenizers: right for every vocabulary, and some twenty times
// slower than the fast one. Special tokens are taken out of the copy that encodes, so that no text can spell one.

import type { Fields } from '../objects.js';
import { LibraryTokenizer } from './library-tokenizer.js';
import type { SpelledToken, Tokenizer } from './tokenizer.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';

const loneSurrogate = /\p{Surrogate}/gu;

export class GeneralTokenizer implements Tokenizer {
  readonly vocabularySize: number;
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
    readonly spelledTokens: readonly SpelledToken[],
    readonly files: () => ReadonlyMap<string, string>,
  ) {
    const { path, special, unknown } = definition;
    this.vocabularySize = definition.vocabularySize;
    this.special = new Set([endOfText, ...special]);
    this.unspoken = new Set([endOfText, ...[...special].filter((id) => id !== unknown)]);
    this.tokenizer = new LibraryTokenizer(path, without(this.unspoken, definition));
  }

  encode(text: string): number[] {
    const sound = text.replace(loneSurrogate, '\ufffd');
    return this.tokenizer.encode(sound).filter((id) => !this.unspoken.has(id));
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
 * The definition without the tokens `unspoken`: not among the added tokens, and in the vocabulary under names that hold
 * half a surrogate pair, which no text that is encoded does.
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
