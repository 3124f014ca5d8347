// All augmenters, in the order in which they run. Options, reports and the table in docs/preparing.md derive from this list.
// `--help` loads it, so an augmenter loads data and packages only when it starts.

import type { OptionTable } from '../../option-spec.js';
import type { Augmenter } from './augmenter.js';
import { backTranslation } from './back-translation/back-translation.js';
import { synonyms } from './synonyms/synonyms.js';
import { templates } from './templates/templates.js';

export const augmenters: readonly Augmenter[] = [synonyms, templates, backTranslation];

/** Those that the values ask for. */
export function askedFor(values: Readonly<Record<string, unknown>>): readonly Augmenter[] {
  return augmenters.filter(({ options }) => {
    const [key = ''] = Object.keys(options);
    return values[key] !== undefined && values[key] !== options[key]?.default;
  });
}

/** The options of all augmenters. */
export const augmenterOptions: OptionTable = Object.fromEntries(
  augmenters.flatMap(({ options }) => Object.entries(options)),
);
