// manifest.json: what is in a prepared corpus and how it was made. It holds no text of the dialogues.

import type { CorpusContents } from './card/contents.js';
import type { Licence } from './card/licences.js';
import type { Ledger } from './ledger.js';
import type { NamedFile } from './named-files.js';
import type { SourceRecord } from './source-files.js';

export const manifestFormat = 'chatbot-train prepared corpus';
export const manifestVersion = 1;

export interface Manifest {
  readonly format: typeof manifestFormat;
  readonly version: typeof manifestVersion;
  readonly sources: readonly SourceRecord[];
  /** The other files that decided what is in the corpus. Corpora of earlier versions have none. */
  readonly files?: readonly NamedFile[];
  /** Of the data card. Corpora of earlier versions have none. */
  readonly origin?: Origin;
  readonly contents?: CorpusContents;
  /** All options that were in effect, by key. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly dialogues: { readonly train: number; readonly eval: number };
  /** How many values were redacted, by entity. */
  readonly redacted: Readonly<Record<string, number>>;
  readonly rules: Readonly<
    Record<string, { readonly changed: number; readonly dropped: Readonly<Record<string, number>> }>
  >;
  /** What `augment` added since, in order. */
  readonly augmentations?: readonly Augmentation[];
  /** What `forget` took out since, in order. It does not say who. Counts of rules are those from before. */
  readonly forgotten?: readonly Forgotten[];
}

/** What is known of where the conversations come from. */
export interface Origin {
  readonly licences: readonly Licence[];
  /** What people say about consent, use or anything else. */
  readonly note: string | null;
  /** How many files of the sources have which format. */
  readonly formats: Readonly<Record<string, number>>;
}

export interface Forgotten {
  readonly date: string;
  /** How many people were named. */
  readonly speakers: number;
  readonly dialogues: { readonly train: number; readonly eval: number; readonly rejected: number };
}

export interface Augmentation {
  readonly settings: Readonly<Record<string, unknown>>;
  /** The files that augmenters read. Augmentations by earlier versions have none. */
  readonly files?: readonly NamedFile[];
  /** By augmenter. */
  readonly made: Readonly<Record<string, AugmenterCounts>>;
}

export interface AugmenterCounts {
  /** Dialogues that were added. */
  readonly dialogues: number;
  /** Turns of them that were said in another way. */
  readonly turns: number;
  /** Variants of turns that were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Dialogues that were made and left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

interface Made {
  readonly sources: readonly SourceRecord[];
  readonly files: readonly NamedFile[];
  readonly origin: Origin;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly ledger: Ledger;
  readonly train: number;
  readonly evaluation: number;
}

export function manifestOf({ sources, files, origin, settings, ledger, train, evaluation }: Made): Manifest {
  return {
    format: manifestFormat,
    version: manifestVersion,
    sources,
    files,
    origin,
    settings,
    dialogues: { train, eval: evaluation },
    redacted: Object.fromEntries([...ledger.redactions].sort()),
    rules: ruleCounts(ledger),
  };
}

/** What each rule did. */
export function ruleCounts({ counts }: Ledger): Manifest['rules'] {
  const rules = [...counts].map(
    ([rule, { changed, dropped }]) => [rule, { changed, dropped: Object.fromEntries(dropped) }] as const,
  );
  return Object.fromEntries(rules);
}
