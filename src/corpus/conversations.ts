// The conversations of one side of a run, training or evaluation, before they are laid out: as texts, or as tokens in shards
// (shards/shard-conversations.ts). Both give the same sequences.

import type { Dialogue } from './dialogue.js';
import { DialogueStore } from './dialogue-store.js';
import {
  type EncodedDialogue,
  type EncodeOptions,
  encodeDialogue,
  type LabelledTokens,
} from './encode-dialogue.js';
import { EncodedCorpus } from './encoded-corpus.js';
import type { EncodedDialogues } from './epoch-steps.js';
import { digestOf } from './text-numbers.js';
import type { TrainingText } from './training-text.js';

export interface Conversations {
  readonly length: number;
  /** The dialogues in order; null if nothing in one is learned. */
  encoded(text: TrainingText, options: EncodeOptions): Iterable<EncodedDialogue | null>;
  /** A place for the dialogues of `encoded`, from which training reads them in any order. */
  place(vocabularySize: number, options: EncodeOptions): PlacedDialogues;
  /** The dialogues with these indices and their texts. */
  several(indices: readonly number[]): readonly Dialogue[];
  /** A digest of the texts of a dialogue, valid until the next one is read. */
  digestAt(index: number): Uint8Array;
  /** The number of a dialogue's family (augmented.ts). */
  familyAt(index: number): number;
  /** Some of the dialogues. They share memory and files with these. */
  subset(indices: ArrayLike<number>): Conversations;
  /** Whether a turn is known to be an assistant's. */
  hasAssistant(): boolean;
}

export interface PlacedDialogues extends EncodedDialogues {
  readonly tokens: number;
  readonly supervisedTokens: number;
  /** @param index of the dialogue among the conversations. */
  push(dialogue: LabelledTokens, index: number): void;
}

/** Texts in a store. */
export class TextConversations implements Conversations {
  /** @param indices in the store; all of it if they are missing. */
  constructor(
    private readonly store: DialogueStore,
    private readonly indices?: ArrayLike<number>,
  ) {}

  static of(dialogues: Iterable<Dialogue>): TextConversations {
    const store = new DialogueStore();
    for (const dialogue of dialogues) store.push(dialogue);
    return new TextConversations(store);
  }

  get length(): number {
    return this.indices?.length ?? this.store.length;
  }

  *[Symbol.iterator](): Generator<Dialogue> {
    for (let index = 0; index < this.length; index++) {
      const dialogue = this.store.at(this.inStore(index));
      if (dialogue) yield dialogue;
    }
  }

  *encoded(text: TrainingText, options: EncodeOptions): Generator<EncodedDialogue | null> {
    for (const dialogue of this) yield encodeDialogue(dialogue, text, options);
  }

  place(vocabularySize: number): PlacedDialogues {
    return new EncodedCorpus(vocabularySize);
  }

  several(indices: readonly number[]): readonly Dialogue[] {
    return indices.flatMap((index) => this.store.at(this.inStore(index)) ?? []);
  }

  /** The texts of a dialogue as bytes, valid until the next ones are read. */
  textsAt(index: number): Uint8Array {
    return this.store.textsOf(this.inStore(index));
  }

  digestAt(index: number): Uint8Array {
    return digestOf(this.textsAt(index));
  }

  familyAt(index: number): number {
    return this.store.familyOf(this.inStore(index));
  }

  subset(indices: ArrayLike<number>): TextConversations {
    const inStore = Int32Array.from({ length: indices.length }, (_, place) =>
      this.inStore(indices[place] ?? -1),
    );
    return new TextConversations(this.store, inStore);
  }

  hasAssistant(): boolean {
    for (const { turns } of this) if (turns.some(({ role }) => role === 'assistant')) return true;
    return false;
  }

  private inStore(index: number): number {
    return this.indices ? (this.indices[index] ?? -1) : index;
  }
}
