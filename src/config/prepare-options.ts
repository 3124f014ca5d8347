// Every option of `chatbot-data prepare`. Those of rules come from the table of rules.

import type { OptionSpec, OptionTable, ValuesOf } from '../option-spec.js';
import { ruleOptions } from '../prepare/rules.js';
import { json, paths, quiet, replace, tokenizer } from './data-shared-options.js';
import { threadsOption } from './device-options.js';
import { readingOptions } from './reading-options.js';
import { dropSuspicious, suspiciousOptions } from './suspicious-options.js';

/** The options that are not about rules. */
export const stageOptions = {
  paths,
  ...readingOptions,
  dedupe: {
    group: 'Duplicates',
    type: 'choice',
    choices: ['none', 'exact', 'near'],
    default: 'exact',
    help: 'Which duplicates are dropped: none, dialogues with equal texts, or also similar ones, of which the longest stays.',
  },
  nearThreshold: {
    group: 'Duplicates',
    type: 'number',
    value: 'share',
    default: 0.7,
    min: 0.3,
    max: 1,
    help: 'Dialogues are similar if they share at least this part of their runs of three words (four characters in Chinese).',
  },
  neverTrain: {
    group: 'Duplicates',
    type: 'list',
    value: 'file',
    default: [],
    onePerFlag: true,
    help: 'Drop what is in this file or similar to it: conversations, or texts on lines. May be given several times.',
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
  names: {
    group: 'Sensitive content',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'only the speakers',
    help: 'Further names to replace wherever they occur, one a line.',
  },
  redactKey: {
    group: 'Sensitive content',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'from the seed',
    help: 'A file with a secret. Fakes and pseudonyms derive from it, so that nobody without it can test guesses.',
  },
  phoneRegions: {
    group: 'Sensitive content',
    type: 'text',
    value: 'countries',
    default: 'US,GB,DE,FR,CN',
    help: 'The countries whose phone numbers are found without a country code, separated by commas.',
  },
  ...suspiciousOptions,
  dropSuspicious,
  threads: { ...threadsOption, group: 'Output' },
  evalRatio: {
    group: 'Split',
    type: 'number',
    value: 'share',
    default: 0.05,
    min: 0,
    below: 1,
    help: 'The share of the dialogues that is set aside for evaluation.',
  },
  splitBy: {
    group: 'Split',
    type: 'choice',
    choices: ['auto', 'dialogue', 'customer', 'time'],
    default: 'auto',
    help: 'What goes to one side as a whole: similar dialogues always do; customer: also all dialogues of one customer; time: the newest are set aside; auto is customer where there are at least 20, and otherwise dialogue.',
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
  license: {
    group: 'Data card',
    type: 'list',
    value: 'text',
    default: [],
    onePerFlag: true,
    help: 'The licence of the conversations, or of one source, such as "chats/=CC BY 4.0". May be given several times.',
  },
  note: {
    group: 'Data card',
    type: 'text',
    value: 'text',
    default: null,
    unset: 'none',
    help: 'A note for the data card: who agreed to the use, what the corpus is for.',
  },
  config: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    onlyFlag: true,
    help: 'Take options from this YAML or JSON file; flags win over the file.',
  },
  out: {
    group: 'Output',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'required',
    help: 'The folder of the prepared corpus.',
  },
  tokenizer: {
    ...tokenizer,
    unset: 'none',
    help: 'Also write the corpus as tokens for this model, so that training starts at once: a folder, a hub id, or tiny, small, medium or large.',
  },
  force: {
    ...replace,
    help: 'Replace a corpus that exists. Sources that have not changed since it was made are not read again.',
  },
  reuse: {
    group: 'Output',
    type: 'switch',
    default: true,
    help: 'Read and clean all sources again, also those that have not changed.',
  },
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const prepareOptions: OptionTable = { ...stageOptions, ...ruleOptions };

export type StageOption = keyof typeof stageOptions;
export type StageOptions = ValuesOf<typeof stageOptions>;
