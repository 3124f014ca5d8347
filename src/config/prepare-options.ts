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
  redact: {
    group: 'Sensitive content',
    type: 'text',
    value: 'kinds',
    default: 'none',
    help: 'The personal data to replace: none, pii for all kinds that are on by default, or kinds separated by commas, such as email,phone.',
  },
  redactWith: {
    group: 'Sensitive content',
    type: 'choice',
    choices: ['placeholder', 'fake', 'drop'],
    default: 'placeholder',
    help: 'What replaces personal data: a placeholder such as [EMAIL], or an invented value that is the same for the same original. With drop, the dialogue is dropped.',
  },
  phoneRegions: {
    group: 'Sensitive content',
    type: 'text',
    value: 'countries',
    default: 'US,GB,DE,FR,CN',
    help: 'The countries whose phone numbers are found without a country code, separated by commas.',
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
