// Reads a corpus as people want it learned: the dialogues with the turns that they chose, and notes about what was read. Training
// and `chatbot-data` both use it, so that what one shows is what the other learns.

import { option } from '../option-names.js';
import { Learning, type LearningState, type LearnOptions, learnHint } from './chat/learn.js';
import type { Dialogue } from './dialogue.js';
import { type ReadOptions, readDialogues } from './read-corpus.js';
import type { SeeBytes } from './source.js';
import { type CorpusSummary, summaryLines } from './summary.js';

export type ReadLearnedOptions = Omit<ReadOptions, 'alias'> & LearnOptions;

/** Reads corpora one after the other, under the same choice of speakers. */
export class LearnedReading {
  private readonly learning: Learning;

  /** @throws UserError (usage) for an alias that is not one. */
  constructor(private readonly options: ReadLearnedOptions) {
    this.learning = new Learning(options);
  }

  /** @throws UserError (data) when the corpus cannot be read. */
  read(
    paths: readonly string[],
    keep: (dialogue: Dialogue) => void,
    seen?: SeeBytes,
  ): { readonly summary: CorpusSummary; readonly notes: readonly string[] } {
    const { learning } = this;
    const options = { ...this.options, alias: learning.aliases };
    const take = (dialogue: Dialogue) => {
      const marked = learning.marked(dialogue);
      if (marked) keep(marked);
    };
    const summary = readDialogues(paths, options, take, seen);
    return { summary, notes: this.notesOf(summary) };
  }

  /** What people should know about a corpus that was read, here or when its token shards were made. */
  notesOf(summary: CorpusSummary): string[] {
    return [...summaryLines(summary), ...this.chatNotes(summary)];
  }

  /** @param isAnonymous without names. */
  state(isAnonymous: boolean): LearningState {
    return isAnonymous ? this.learning.anonymousState() : this.learning.state();
  }

  /** Adds what another reading under the same options learned. */
  add(state: LearningState): void {
    this.learning.add(state);
  }

  /** Call after the last corpus. @throws UserError (usage) if a chosen name does not occur. */
  end(): string[] {
    return this.learning.notes();
  }

  /** What people should know who did not choose how chats are read, or chose it for data without chats. */
  private chatNotes({ chats }: CorpusSummary): string[] {
    if (chats) return this.learning.isChosen ? [] : learnHint(chats.speakers);
    const isGiven = this.options.sessionGap !== 'auto';
    return isGiven ? [`${option('sessionGap')} has no effect, because no chat was read`] : [];
  }
}
