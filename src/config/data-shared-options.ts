// Options that several commands of `chatbot-data` share.

import type { OptionSpec } from '../option-spec.js';

export const replace = {
  group: 'Output',
  type: 'switch',
  default: false,
  help: 'Replace files that exist.',
} as const satisfies OptionSpec;

export const json = {
  group: 'Output',
  type: 'switch',
  default: false,
  help: 'Print the result as one line of JSON on stdout.',
} as const satisfies OptionSpec;

export const quiet = {
  group: 'Output',
  type: 'switch',
  default: false,
  help: 'Print nothing but the result and errors.',
} as const satisfies OptionSpec;

export const paths = {
  group: 'Conversations',
  type: 'list',
  value: 'path',
  default: [],
  unset: 'required',
  positional: true,
  help: 'The conversations: any number of files, folders and archives.',
} as const satisfies OptionSpec;

export const tokenizer = {
  group: 'Output',
  type: 'text',
  value: 'model',
  alias: 'model',
  default: null,
  help: 'The tokenizer of this model: a folder, a hub id, or tiny, small, medium or large.',
} as const satisfies OptionSpec;
