// The options of the commands of `chatbot-data` that look into a prepared corpus: explain and forget.

import type { OptionSpec, ValuesOf } from '../option-spec.js';
import { json, quiet } from './data-shared-options.js';
import { readingOptions } from './reading-options.js';

const redactKey = {
  group: 'Names',
  type: 'text',
  value: 'file',
  default: null,
  unset: 'the file that the manifest names',
  help: 'The file with the secret that the corpus was prepared with.',
} as const satisfies OptionSpec;

const alias = { ...readingOptions.alias, group: 'Names' } as const satisfies OptionSpec;

export const explainOptions = {
  corpusAndIds: {
    group: 'Dialogues',
    type: 'list',
    value: 'name',
    default: [],
    unset: 'required',
    positional: true,
    help: 'The prepared corpus, and the ids of dialogues or how they begin.',
  },
  text: {
    group: 'Dialogues',
    type: 'text',
    value: 'words',
    default: null,
    unset: 'none',
    help: 'List the dialogues in which all these words occur, with their ids.',
  },
  learn: {
    ...readingOptions.learn,
    group: 'Names',
    help: 'The speakers that the corpus was prepared to learn, if it cannot be known from its manifest.',
  },
  alias,
  redactKey,
  json,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type ExplainOption = keyof typeof explainOptions;
export type ExplainOptions = ValuesOf<typeof explainOptions>;

export const forgetOptions = {
  corpus: {
    group: 'Corpus',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'required',
    positional: true,
    help: 'The prepared corpus.',
  },
  speaker: {
    group: 'Whom to forget',
    type: 'list',
    value: 'name',
    default: [],
    onePerFlag: true,
    help: 'Forget all dialogues in which this person takes part, by name or id. May be given several times.',
  },
  customer: {
    group: 'Whom to forget',
    type: 'list',
    value: 'name',
    default: [],
    onePerFlag: true,
    help: 'Forget all dialogues in which this person, by name or id, is the customer: the user who is answered. May be given several times.',
  },
  match: {
    group: 'Whom to forget',
    type: 'list',
    value: 'text',
    default: [],
    onePerFlag: true,
    help: 'Forget all dialogues in which this phrase occurs as it is written, whatever its case and white space; it is no pattern, so * stands for a star. It is not remembered when the corpus is prepared again.',
  },
  alias,
  redactKey,
  models: {
    group: 'Models',
    type: 'list',
    value: 'folder',
    default: [],
    onePerFlag: true,
    help: 'Also look in this folder for models that were trained on the corpus. May be given several times.',
  },
  dryRun: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Show how many dialogues it concerns, and change nothing.',
  },
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type ForgetOption = keyof typeof forgetOptions;
export type ForgetOptions = ValuesOf<typeof forgetOptions>;
