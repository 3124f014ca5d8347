// The options of back-translation. translation-plan.ts says what they mean together.

import type { OptionSpec, ValuesOf } from '../../../option-spec.js';

const group = 'Augmenters';

export const translationOptions = {
  backTranslate: {
    group,
    type: 'text',
    value: 'languages',
    default: null,
    unset: 'off',
    pattern: {
      source: '[A-Za-z]{2,8}(_[A-Za-z0-9]{2,8})*-[A-Za-z]{2,8}(_[A-Za-z0-9]{2,8})*',
      words: 'the language of the corpus, a hyphen and another language, such as zh-en',
    },
    help: 'Translate turns there and back: zh-en is from Chinese to English and back. Needs --translate-command, --translate-url or --translate-model.',
  },
  translateCommand: {
    group,
    type: 'text',
    value: 'command',
    default: null,
    unset: 'none',
    onlyFlag: true,
    help: 'A program that reads lines and writes translations, such as "apertium {from}-{to}", where {from} and {to} become the languages.',
  },
  translateBackCommand: {
    group,
    type: 'text',
    value: 'command',
    default: null,
    unset: '--translate-command, if it has {from} and {to}',
    onlyFlag: true,
    help: 'The program for the way back.',
  },
  translateUrl: {
    group,
    type: 'text',
    value: 'address',
    default: null,
    unset: 'none',
    onlyFlag: true,
    help: 'An OpenAI-compatible server, such as http://localhost:11434/v1; --translate-model names its model. The texts are sent there.',
  },
  translateKeyVariable: {
    group,
    type: 'text',
    value: 'name',
    default: null,
    unset: 'no key is sent',
    onlyFlag: true,
    pattern: { source: '[A-Za-z_][A-Za-z0-9_]*', words: 'the name of an environment variable' },
    help: 'The environment variable that holds the key for --translate-url, such as OPENAI_API_KEY. The key is written nowhere.',
  },
  translateModel: {
    group,
    type: 'text',
    value: 'model',
    default: null,
    unset: 'none',
    help: 'A folder or hub id of a model for Transformers.js, such as Xenova/opus-mt-{from}-{to}; with --translate-url, the name of its model.',
  },
  translateBackModel: {
    group,
    type: 'text',
    value: 'model',
    default: null,
    unset: '--translate-model, if it has {from} and {to} or knows many languages',
    help: 'The model for the way back.',
  },
  translateTimeout: {
    group,
    type: 'number',
    value: 'seconds',
    default: 300,
    min: 1,
    max: 86_400,
    help: 'Give up on a translator that does not answer for this long.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type TranslationOptions = ValuesOf<typeof translationOptions>;
