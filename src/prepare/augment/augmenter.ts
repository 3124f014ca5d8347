// The contract of augmenters, which make more dialogues to train on. An augmenter is a folder or file here and
// one line in augmenters.ts. There are two kinds: a variation says turns in another way, an invention makes dialogues from
// nothing. augment.ts decides which turns are varied, whether a variant is acceptable, and what becomes of it.

import type { Dialogue } from '../../corpus/dialogue.js';
import type { OptionTable, ValuesOf } from '../../option-spec.js';
import type { Random } from '../../random.js';

/** A turn that is to be said in another way. */
export interface Asked {
  readonly text: string;
  /** The names of the dialogue's speakers, which must stay as they are. */
  readonly names: readonly string[];
  /** The random numbers of this turn. Its variant depends on the turn, on these and on `start`, not on other turns. */
  readonly random: Random;
}

/** What a run of an augmenter needs to be told at its end. */
interface Ending {
  /** Files that were read besides those that options name: the same option decides over them. For the manifest. */
  readonly files?: { readonly option: string; readonly paths: readonly string[] };
  /** Called once, also after an error: frees what the augmenter holds. @returns what people should know. */
  end?(): readonly string[] | Promise<readonly string[]>;
  /** Called when the augmented corpus is in place: removes what an interrupted run would have continued with. */
  written?(): void;
}

/** What an augmenter that takes long needs to know of the run. */
export interface Place {
  /** The folder that will be written. Beside it, an augmenter may keep what an interrupted run continues with. */
  readonly out: string;
  /** Aborts when the program is asked to stop. */
  readonly signal: AbortSignal;
  /** Tells people something at once. */
  readonly note: (sentence: string) => void;
}

export interface Variation extends Ending {
  readonly kind: 'variation';
  /**
   * @param turns at most 256, of one or several dialogues.
   * @returns for each turn its variant, in the same order, or null if it has none. acceptable.ts judges all variants.
   */
  vary(turns: readonly Asked[]): readonly (string | null)[] | Promise<readonly (string | null)[]>;
}

export interface Invention extends Ending {
  readonly kind: 'invention';
  /** Dialogues with the place that each is made from as their `source`: `templates.yaml:12`. */
  invent(): Iterable<Dialogue>;
}

/** A variant of a text. Printed in the docs, run by the tests. */
export interface Example {
  /** Options by key. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly before: string;
  readonly after: string;
}

export interface Augmenter<Table extends OptionTable = OptionTable> {
  /** In `augmented_by`, reports and docs. Never renamed. */
  readonly name: string;
  /** One sentence for the docs, which says what it makes. */
  readonly help: string;
  /** All in the group `Augmenters`; the first is the one that asks for it. A value `file` is a file that the manifest records. The values stand in the manifest, so a secret comes from the environment instead. */
  readonly options: Table;
  /** What the same command continues with after it was stopped, such as `the translations so far`. */
  readonly continuesWith?: string;
  /** Files of stopped runs beside an output. They hold texts of the corpus, so `forget` removes them. */
  readonly remains?: (out: string) => Promise<readonly string[]>;
  /** None if it needs what is not part of the program. */
  readonly examples: readonly Example[];
  /**
   * Loads what the augmenter needs.
   * @param corpus the dialogues to learn, without augmented ones. Each iteration reads them anew.
   * @returns null if the options do not ask for it.
   * @throws UserError (usage) for options that cannot be used.
   */
  start(
    options: ValuesOf<Table>,
    corpus: Iterable<Dialogue>,
    seed: number,
    place: Place,
  ): Variation | Invention | null | Promise<Variation | Invention | null>;
}
