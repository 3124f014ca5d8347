// Every option of `chatbot-data augment`. Those of augmenters come from their table.

import type { OptionSpec, OptionTable, ValuesOf } from '../option-spec.js';
import { augmenterOptions } from '../prepare/augment/augmenters.js';
import { json, quiet, replace } from './data-shared-options.js';

/** The options that belong to no augmenter. */
export const augmentStageOptions = {
  corpus: {
    group: 'Corpus',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'required',
    positional: true,
    help: 'The prepared corpus to augment.',
  },
  share: {
    group: 'Variants',
    type: 'number',
    value: 'share',
    default: 1,
    above: 0,
    max: 1,
    help: 'The share of the training dialogues that are varied.',
  },
  copies: {
    group: 'Variants',
    type: 'integer',
    value: 'n',
    default: 1,
    min: 1,
    max: 100,
    help: 'How many variants of a dialogue each augmenter makes at most.',
  },
  vary: {
    group: 'Variants',
    type: 'choice',
    choices: ['context', 'all'],
    default: 'context',
    help: 'Which turns are varied: what others say, which is then not learned as a reply, or also the replies.',
  },
  seed: {
    group: 'Variants',
    type: 'integer',
    value: 'n',
    default: 42,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'The seed of everything that is random.',
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
    help: 'The folder of the augmented corpus.',
  },
  force: { ...replace, help: 'Replace a corpus that exists.' },
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

const { corpus, share, copies, vary, seed, ...output } = augmentStageOptions;

export const augmentOptions: OptionTable = {
  corpus,
  ...augmenterOptions,
  share,
  copies,
  vary,
  seed,
  ...output,
};

export type AugmentStageOption = keyof typeof augmentStageOptions;
export type AugmentStageOptions = ValuesOf<typeof augmentStageOptions>;
