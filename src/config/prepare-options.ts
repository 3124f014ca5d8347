// Every option of `chatbot-data prepare`. Those of rules come from the table of rules.

import type { OptionSpec, OptionTable, ValuesOf } from '../option-spec.js';
import { ruleOptions } from '../prepare/rules.js';
import { json, paths, quiet, replace } from './data-shared-options.js';
import { readingOptions } from './reading-options.js';

/** The options that are not about rules. */
export const stageOptions = {
  paths,
  ...readingOptions,
  dedupe: {
    group: 'Duplicates',
    type: 'choice',
    choices: ['none', 'exact'],
    default: 'exact',
    help: 'Which duplicates are dropped: those with equal texts, or none.',
  },
  evalRatio: {
    group: 'Split',
    type: 'number',
    value: 'share',
    default: 0.05,
    min: 0,
    below: 1,
    help: 'The share of the dialogues that is set aside for evaluation.',
  },
  seed: {
    group: 'Split',
    type: 'integer',
    value: 'n',
    default: 42,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'The seed of everything that is random.',
  },
  out: {
    group: 'Output',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'required',
    help: 'The folder of the prepared corpus.',
  },
  force: { ...replace, help: 'Replace a corpus that exists.' },
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const prepareOptions: OptionTable = { ...stageOptions, ...ruleOptions };

export type StageOption = keyof typeof stageOptions;
export type StageOptions = ValuesOf<typeof stageOptions>;
