// Runs Hugging Face's JavaScript tokenizers on an untrusted definition. It either encodes a text or refuses it with one
// sentence, within limits of time and memory. It does not know about special tokens.

import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { messageOf, UserError } from '../errors.js';
import { type Fields, isRecord } from '../objects.js';
import { oneLine } from '../quote.js';
import { type Bound, boundLengths, hasForeignPattern, refuseOddSettings } from './foreign-parts.js';
import { gpt2Pieces } from './gpt2-pieces.js';
import { OutOfTime, TimeAllowance } from './time-allowance.js';

/** The part of the library that is used here. Its own declarations do not resolve under Node's module rules. */
interface Library {
  /** Each stage is a function with additional properties. */
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly decoder: unknown;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | null | undefined)[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
}

/** Time limits in milliseconds. Ordinary tokenizers take a hundredth of them. A table entry counts as one character. */
export interface Patience {
  readonly atFirst: number;
  readonly perText: number;
  readonly perCharacter: number;
}

const ordinaryPatience: Patience = { atFirst: 1000, perText: 2, perCharacter: 0.05 };

/** Longer texts always run under the watchdog, because much of the library takes more than linear time. */
const longestUnwatched = 10_000;
/** Unigram tries every pair of tokens that meet at a position, and WordPiece tries every substring of a word. */
const longestUnwatchedToken = 64;
const longestUnwatchedWord = 200;
/** The library passes the tokens of a piece as function arguments, and their number is limited. */
const longestText = 2 ** 20;

/** The most that a text may grow: NFKC turns U+FDFA into 18 characters, each of up to 4 bytes. */
const mostGrowth = 72;
const growthOfShort = 4096;

function isSlowModel({ model, added_tokens: added }: Fields): boolean {
  if (!isRecord(model)) return true;
  const isLong = (entry: unknown): boolean =>
    Array.isArray(entry) && typeof entry[0] === 'string' && entry[0].length > longestUnwatchedToken;
  if (Array.isArray(model.vocab) && model.vocab.some(isLong)) return true;
  const isLongAdded = (token: unknown): boolean =>
    isRecord(token) && typeof token.content === 'string' && token.content.length > longestUnwatchedToken;
  if (Array.isArray(added) && added.some(isLongAdded)) return true;
  return Number(model.max_input_chars_per_word ?? 0) > longestUnwatchedWord;
}

/** The number of vocabulary entries and merges. */
function tableSize({ model }: Fields): number {
  if (!isRecord(model)) return 0;
  return [model.vocab, model.merges].reduce<number>(
    (sum, table) => sum + (typeof table === 'object' && table !== null ? Object.keys(table).length : 0),
    0,
  );
}

export class LibraryTokenizer {
  private readonly library: Library;
  private readonly allowance: TimeAllowance;
  private readonly isWatched: boolean;
  private readonly isUnigram: boolean;
  private readonly bound: Bound = { characters: Number.POSITIVE_INFINITY };

  /**
   * @param path the file that error messages name.
   * @param definition a tokenizer.json whose tables have been checked.
   * @throws UserError (model) when it has parts that the library does not support or that no real tokenizer needs.
   */
  constructor(
    private readonly path: string,
    definition: Fields,
    private readonly patience: Patience = ordinaryPatience,
  ) {
    const { normalizer, pre_tokenizer: cut, decoder } = definition;
    const stages = [normalizer, cut, decoder];
    this.allowance = new TimeAllowance(patience.atFirst);
    this.isUnigram = isRecord(definition.model) && definition.model.type === 'Unigram';
    this.isWatched = hasForeignPattern(stages) || isSlowModel(definition);
    this.library = this.attempt(tableSize(definition), this.isWatched, () => {
      refuseOddSettings(stages);
      const library: Library = new HuggingFaceTokenizer(definition, {});
      fixPreTokenizer(library.pre_tokenizer);
      for (const stage of [library.normalizer, library.pre_tokenizer, library.decoder])
        boundLengths(stage, this.bound);
      return library;
    });
  }

  tokenOf(id: number): string | undefined {
    return this.library.id_to_token(id);
  }

  /** @throws UserError (data) for a text that is too long, (model) for one that the tokenizer cannot read. */
  encode(text: string): number[] {
    if (text.length > longestText)
      throw new UserError(
        'text-too-long',
        `a text of ${text.length} characters is longer than the ${longestText} that this model's tokenizer reads at once; split it`,
      );
    this.bound.characters = mostGrowth * text.length + growthOfShort;
    const isWatched = this.isWatched || text.length > longestUnwatched;
    const { ids } = this.attempt(text.length, isWatched, () =>
      this.library.encode(text, { add_special_tokens: false }),
    );
    // As in the library that transformers uses: Unigram fails on unknown text, and the other kinds leave it out.
    const known = ids.filter((id) => typeof id === 'number');
    if (this.isUnigram && known.length < ids.length)
      throw this.refusal('it has no token for a part of the text, and none for unknown text');
    return known;
  }

  decode(ids: number[]): string {
    this.bound.characters = Number.POSITIVE_INFINITY;
    const text = ids.map((id) => this.tokenOf(id) ?? '').join('');
    this.bound.characters = mostGrowth * text.length + growthOfShort;
    return this.attempt(text.length, this.isWatched || text.length > longestUnwatched, () =>
      this.library.decode(ids, { clean_up_tokenization_spaces: false }),
    );
  }

  /** The library throws for parts of a definition that it does not support, sometimes only when it meets certain text. */
  private attempt<Result>(length: number, isWatched: boolean, step: () => Result): Result {
    const { perText, perCharacter } = this.patience;
    try {
      return isWatched ? this.allowance.spend(perText + perCharacter * length, step) : step();
    } catch (thrown) {
      if (thrown instanceof OutOfTime) throw this.refusal('its patterns take too long to run', thrown);
      throw this.refusal(oneLine(messageOf(thrown)), thrown);
    }
  }

  private refusal(reason: string, cause?: unknown): UserError {
    return new UserError(
      'tokenizer-unsupported',
      `${this.path} is a tokenizer that this program cannot read (${reason}); use a model with a GPT-2 tokenizer`,
      { cause },
    );
  }
}

/** Replaces the library's GPT-2 pattern, which uses JavaScript's white space, and refuses pieces of length zero (a loop). */
function fixPreTokenizer(preTokenizer: unknown): void {
  if (typeof preTokenizer !== 'function') return;
  if ('byte_encoder' in preTokenizer && 'pattern' in preTokenizer) preTokenizer.pattern = gpt2Pieces;
  if (
    '_length' in preTokenizer &&
    !(Number.isInteger(preTokenizer._length) && Number(preTokenizer._length) > 0)
  )
    throw new Error('it splits text into pieces of length zero');
  if ('tokenizers' in preTokenizer && Array.isArray(preTokenizer.tokenizers))
    preTokenizer.tokenizers.forEach(fixPreTokenizer);
}
