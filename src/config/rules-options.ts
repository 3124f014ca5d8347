// Every option of `chatbot-rules`, a table for each of its commands.

import type { OptionSpec, OptionTable, ValuesOf } from '../option-spec.js';
import { json, paths, quiet, replace } from './data-shared-options.js';
import { embedderOptions } from './embedder-options.js';
import { readingOptions } from './reading-options.js';
import { trainOptions } from './train-options.js';

/** The one store that a command changes or shows. */
const bot = {
  group: 'Bot',
  type: 'text',
  value: 'store',
  default: null,
  unset: 'required',
  help: 'Where the bot keeps what it knows: a SQLite file such as shop.db, or the address of a PostgreSQL database.',
} as const satisfies OptionSpec;

/** The parts of a bot that answers. */
const bots = {
  group: 'Bot',
  type: 'list',
  value: 'bot',
  default: [],
  unset: 'required',
  onePerFlag: true,
  help: 'The bot: its store (a SQLite file or the address of a PostgreSQL database), a YAML file of rules, or each of them once.',
} as const satisfies OptionSpec;

const user = {
  group: 'Question',
  type: 'text',
  value: 'name',
  default: null,
  unset: 'nobody that is known',
  help: 'Who asks. Facts that the bot knows about this user may be part of an answer.',
} as const satisfies OptionSpec;

export const learnPairsOptions = {
  paths: {
    ...paths,
    help: 'Questions and answers, or conversations, in any format that docs/data.md lists: files, folders and archives.',
  },
  bot: bots,
  ...embedderOptions,
  ...readingOptions,
  json,
  quiet,
} as const satisfies OptionTable;

export const removePairsOptions = {
  files: {
    group: 'Bot',
    type: 'list',
    value: 'file',
    default: [],
    unset: 'required',
    positional: true,
    help: 'The files whose questions and answers the bot forgets, as they were named when it learned them.',
  },
  bot,
  json,
} as const satisfies OptionTable;

export const askOptions = {
  text: {
    group: 'Question',
    type: 'text',
    value: 'text',
    default: null,
    unset: 'required',
    positional: true,
    help: 'The question, in quotes.',
  },
  previous: {
    group: 'Question',
    type: 'text',
    value: 'text',
    default: null,
    unset: 'none',
    help: 'What the bot said before the question.',
  },
  user,
  timeZone: {
    group: 'Question',
    type: 'text',
    value: 'zone',
    default: null,
    unset: "this machine's",
    help: 'The time zone of the user, such as Europe/Berlin.',
  },
  bot: bots,
  ...embedderOptions,
  json,
} as const satisfies OptionTable;

export const testOptions = {
  paths: {
    group: 'Stories',
    type: 'list',
    value: 'path',
    default: [],
    unset: 'required',
    positional: true,
    help: 'The test stories: YAML files, and folders of them.',
  },
  bot: bots,
  ...embedderOptions,
  failed: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: 'failed_stories.yml',
    help: 'Write the stories that failed to this file. When none fails, it is not written, and an old one is deleted.',
  },
  junit: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    help: 'Write the results as JUnit XML, which CI systems show. A file that exists is replaced.',
  },
  json,
} as const satisfies OptionTable;

export const validateOptions = {
  bot: bots,
  json,
} as const satisfies OptionTable;

export const reviewOptions = {
  bot,
  list: {
    group: 'Review',
    type: 'switch',
    default: false,
    help: 'Print the questions that wait, and ask nothing.',
  },
  accept: {
    group: 'Review',
    type: 'list',
    value: 'id',
    default: [],
    onePerFlag: true,
    help: 'Accept the answer that was proposed for this question, and for those that are nearly the same. May be given several times.',
  },
  answer: {
    group: 'Review',
    type: 'text',
    value: 'text',
    default: null,
    unset: 'the proposed one',
    help: 'With one --accept, the answer to accept.',
  },
  reject: {
    group: 'Review',
    type: 'list',
    value: 'id',
    default: [],
    onePerFlag: true,
    help: 'Reject this question, and those that are nearly the same. May be given several times.',
  },
  limit: {
    group: 'Review',
    type: 'integer',
    value: 'n',
    default: 100,
    min: 1,
    max: 10_000,
    help: 'Look at this many questions at most, the most asked first.',
  },
  json,
} as const satisfies OptionTable;

export const exportOptions = {
  bot,
  out: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'stdout',
    help: 'The file to write.',
  },
  to: {
    group: 'Output',
    type: 'choice',
    choices: ['jsonl', 'chatterbot', 'csv'],
    default: 'jsonl',
    help: 'The format: dialogues as JSON lines, which chatbot-train and chatbot-data read; export.json of ChatterBot; or a table.',
  },
  accepted: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Only answers that were accepted in a review.',
  },
  force: replace,
  json,
} as const satisfies OptionTable;

export const statsOptions = {
  bot: bots,
  ...embedderOptions,
  json,
} as const satisfies OptionTable;

export const retrainOptions = {
  model: {
    group: 'Model and data',
    type: 'text',
    value: 'model',
    default: null,
    unset: 'required',
    positional: true,
    help: 'The model to train further: a folder that chatbot-train wrote.',
  },
  bot,
  replay: {
    group: 'Model and data',
    type: 'list',
    value: 'path',
    default: [],
    onePerFlag: true,
    help: 'Conversations that the model was trained on before, of which some are learned again. May be given several times.',
  },
  replayRatio: trainOptions.replayRatio,
  evalData: {
    group: 'Model and data',
    type: 'list',
    value: 'path',
    default: [],
    unset: 'the evaluation part of the prepared corpora of --replay',
    onePerFlag: true,
    help: 'Conversations on which the new model must not be worse than the old one. May be given several times.',
  },
  heldOut: {
    group: 'Model and data',
    type: 'number',
    value: 'share',
    default: 0.2,
    above: 0,
    max: 0.5,
    help: 'The share of the accepted answers that is not learned, to measure what the new model makes of new questions.',
  },
  maxWorse: {
    group: 'Model and data',
    type: 'number',
    value: 'share',
    default: 0.02,
    min: 0,
    max: 1,
    help: 'The new model is not accepted if a loss grows by more than this share.',
  },
  numTrainEpochs: trainOptions.numTrainEpochs,
  learningRate: trainOptions.learningRate,
  seed: trainOptions.seed,
  device: trainOptions.device,
  threads: trainOptions.threads,
  outputDir: {
    group: 'Output',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'required',
    help: 'The folder for the new model. A model that is not accepted stays beside it, in a folder that ends in .candidate.',
  },
  json,
  quiet,
} as const satisfies OptionTable;

export const tuneOptions = {
  paths: {
    ...paths,
    help: 'Questions in other words than the bot has learned, with the answers that they should get.',
  },
  bot: bots,
  ...embedderOptions,
  precision: {
    group: 'Thresholds',
    type: 'number',
    value: 'share',
    default: 0.95,
    above: 0,
    max: 1,
    help: 'The share of answers that must be right from answer_from on.',
  },
  certainPrecision: {
    group: 'Thresholds',
    type: 'number',
    value: 'share',
    default: 0.99,
    above: 0,
    max: 1,
    help: 'The share of answers that must be right from certain_from on, where the model is not asked.',
  },
  ...readingOptions,
  json,
  quiet,
} as const satisfies OptionTable;

/** The tables by command, for the pages of options. */
export const rulesOptions = {
  learn: learnPairsOptions,
  remove: removePairsOptions,
  ask: askOptions,
  test: testOptions,
  validate: validateOptions,
  review: reviewOptions,
  export: exportOptions,
  stats: statsOptions,
  tune: tuneOptions,
  retrain: retrainOptions,
} as const;

export type LearnPairsOption = keyof typeof learnPairsOptions;
export type RemovePairsOption = keyof typeof removePairsOptions;
export type AskOption = keyof typeof askOptions;
export type AskOptions = ValuesOf<typeof askOptions>;
export type TestOption = keyof typeof testOptions;
export type ValidateOption = keyof typeof validateOptions;
export type ReviewOption = keyof typeof reviewOptions;
export type ReviewOptions = ValuesOf<typeof reviewOptions>;
export type ExportOption = keyof typeof exportOptions;
export type ExportOptions = ValuesOf<typeof exportOptions>;
export type TuneOption = keyof typeof tuneOptions;
export type RetrainOption = keyof typeof retrainOptions;
export type RetrainOptions = ValuesOf<typeof retrainOptions>;
export type StatsOption = keyof typeof statsOptions;
