// Conversations whose tokens are read in place from shards. Nothing of them is kept in memory but where they lie.

import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';
import type { Conversations, PlacedDialogues } from '../conversations.js';
import type { Dialogue, Turn } from '../dialogue.js';
import {
  type EncodedDialogue,
  type EncodeOptions,
  encodeTokenized,
  type LabelledTokens,
} from '../encode-dialogue.js';
import { GrowingIntegers } from '../growing-numbers.js';
import { evalName } from '../prepared/prepared-files.js';
import { readDialogues } from '../read-corpus.js';
import { digestOf, textsAsBytes } from '../text-numbers.js';
import type { TrainingText } from '../training-text.js';
import type { ShardedText, TokenShards } from './token-shards.js';

/** What the dialogues of shards are, beside their tokens. */
export interface ShardOrigin {
  /** In the order of the shards. */
  readonly texts: readonly ShardedText[];
  readonly tokenizer: Pick<Tokenizer, 'decode'>;
}

export class ShardConversations implements Conversations {
  /** @param indices in the shards; all of them if they are missing. */
  constructor(
    private readonly shards: TokenShards,
    private readonly origin: ShardOrigin,
    private readonly indices?: ArrayLike<number>,
  ) {}

  get length(): number {
    return this.indices?.length ?? this.shards.length;
  }

  *encoded(_: TrainingText, options: EncodeOptions): Generator<EncodedDialogue | null> {
    for (let index = 0; index < this.length; index++)
      yield encodeTokenized(this.shards.at(this.inShards(index)), options);
  }

  place(_: number, options: EncodeOptions): PlacedDialogues {
    return new DialoguesInPlace(this.shards, options, (index) => this.inShards(index));
  }

  /** Tokens say nothing of the spelling of special tokens, and some tokenizers lose more, so the digest decides. */
  several(indices: readonly number[]): readonly Dialogue[] {
    const found = new Map(indices.map((index) => [this.inShards(index), this.decoded(this.inShards(index))]));
    const missing = new Set([...found].filter(([, dialogue]) => dialogue === null).map(([index]) => index));
    if (missing.size > 0) for (const [index, dialogue] of this.read(missing)) found.set(index, dialogue);
    return indices.flatMap((index) => found.get(this.inShards(index)) ?? []);
  }

  digestAt(index: number): Uint8Array {
    return this.shards.digestAt(this.inShards(index));
  }

  familyAt(index: number): number {
    return this.shards.familyAt(this.inShards(index));
  }

  subset(indices: ArrayLike<number>): ShardConversations {
    const inShards = Int32Array.from({ length: indices.length }, (_, place) =>
      this.inShards(indices[place] ?? -1),
    );
    return new ShardConversations(this.shards, this.origin, inShards);
  }

  hasAssistant(): boolean {
    for (let index = 0; index < this.length; index++) {
      const { turns } = this.shards.at(this.inShards(index));
      if (turns.some(({ role }) => role === 'assistant')) return true;
    }
    return false;
  }

  private inShards(index: number): number {
    return this.indices ? (this.indices[index] ?? -1) : index;
  }

  /** Null if these are not the texts. */
  private decoded(index: number): Dialogue | null {
    const turns = this.shards.at(index).turns.map(({ ids, supervised, role }): Turn => {
      const text = this.origin.tokenizer.decode(ids);
      return { text, supervised, ...(role && { role }) };
    });
    return this.isText(index, turns) ? { turns, source: '' } : null;
  }

  private isText(index: number, turns: readonly Turn[]): boolean {
    return digestOf(textsAsBytes(turns)).equals(this.shards.digestAt(index));
  }

  /** Reads dialogues from the texts of the corpora. */
  private read(indices: ReadonlySet<number>): ReadonlyMap<number, Dialogue> {
    const found = new Map<number, Dialogue>();
    let first = 0;
    for (const { corpus, part, index } of this.origin.texts) {
      const end = first + index.summary.dialogues;
      const wanted = [...indices].filter((one) => one >= first && one < end);
      let next = first;
      if (wanted.length > 0)
        readUntil(
          part === 'eval' ? join(corpus, evalName) : corpus,
          Math.max(...wanted) - first,
          (dialogue) => {
            if (indices.has(next)) found.set(next, dialogue);
            next++;
          },
        );
      for (const one of wanted)
        if (!this.isText(one, found.get(one)?.turns ?? []))
          throw new UserError(
            'prepared-corpus-damaged',
            `the token shards of ${corpus} are of other texts than it holds; make them again with chatbot-data tokens`,
          );
      first = end;
    }
    return found;
  }
}

/** Reads dialogues up to index `last`. */
function readUntil(path: string, last: number, see: (dialogue: Dialogue) => void): void {
  const enough = new Error('no more is needed');
  let left = last + 1;
  try {
    readDialogues([path], {}, (dialogue) => {
      see(dialogue);
      if (--left === 0) throw enough;
    });
  } catch (thrown) {
    if (thrown !== enough) throw thrown;
  }
}

/** The learned dialogues among those of shards. Each is laid out when it is read. */
class DialoguesInPlace implements PlacedDialogues {
  tokens = 0;
  supervisedTokens = 0;
  private readonly places = new GrowingIntegers();
  private readonly lengths = new GrowingIntegers();

  constructor(
    private readonly shards: TokenShards,
    private readonly options: EncodeOptions,
    private readonly inShards: (index: number) => number,
  ) {}

  get length(): number {
    return this.places.length;
  }

  push({ tokens, supervisedTokens }: LabelledTokens, index: number): void {
    this.places.push(this.inShards(index));
    this.lengths.push(tokens.length);
    this.tokens += tokens.length;
    this.supervisedTokens += supervisedTokens;
  }

  lengthOf(index: number): number {
    return this.lengths.at(index);
  }

  at(index: number): LabelledTokens {
    const encoded = encodeTokenized(this.shards.at(this.places.at(index)), this.options);
    if (encoded?.tokens.length !== this.lengths.at(index))
      throw new RangeError(`dialogue ${index} is not what it was`);
    return encoded;
  }
}
