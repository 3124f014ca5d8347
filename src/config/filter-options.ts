// Every option of `chatbot-data train-filter`.

import type { OptionSpec, ValuesOf } from '../option-spec.js';
import { json, replace } from './data-shared-options.js';

export const filterOptions = {
  labelled: {
    group: 'Texts',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'required',
    positional: true,
    help: 'JSON lines of texts with labels: {"text": "...", "label": "unsafe"} or "safe".',
  },
  seed: {
    group: 'Training',
    type: 'integer',
    value: 'n',
    default: 42,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'The seed of the order of texts and of those that are set aside to measure the filter.',
  },
  out: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'required',
    help: 'The file of the filter.',
  },
  force: replace,
  json,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type FilterOption = keyof typeof filterOptions;
export type FilterOptions = ValuesOf<typeof filterOptions>;
