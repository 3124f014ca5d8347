// What people can choose about a prepared corpus, besides the options of rules.

import type { ReadLearnedOptions } from '../corpus/read-learned.js';
import type { DivideOptions } from './divide.js';
import type { DuplicateOptions } from './duplicates/drop-duplicates.js';
import type { RedactOptions } from './sensitive/redaction.js';

export interface PrepareOptions extends ReadLearnedOptions, RedactOptions, DuplicateOptions, DivideOptions {
  /** Files of texts that must not be learned. */
  readonly neverTrain: readonly string[];
  /** A licence of all sources, or `path=licence` of one. */
  readonly license: readonly string[];
  /** For the data card: who agreed, what the corpus is for. */
  readonly note: string | null;
}
