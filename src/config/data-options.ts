// Every option of `chatbot-data`, a table for each of its commands.

import type { OptionSpec, OptionTable, ValuesOf } from '../option-spec.js';
import { augmentOptions } from './augment-options.js';
import { explainOptions, forgetOptions } from './corpus-options.js';
import { json, paths, quiet, replace } from './data-shared-options.js';
import { filterOptions } from './filter-options.js';
import { prepareOptions } from './prepare-options.js';
import { readingOptions } from './reading-options.js';
import { suspiciousOptions } from './suspicious-options.js';

export const inspectOptions = {
  paths,
  model: {
    group: 'Conversations',
    type: 'text',
    value: 'model',
    alias: 'tokenizer',
    default: null,
    unset: 'none; lengths are in words',
    help: 'Count tokens with the tokenizer of this model: a folder, a hub id, or tiny, small, medium or large.',
  },
  languages: {
    group: 'Conversations',
    type: 'switch',
    default: true,
    help: 'Do not look at the languages of the dialogues, which takes most of the time.',
  },
  ...readingOptions,
  ...suspiciousOptions,
  html: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    help: 'Also look for duplicates, personal data and unsafe words, try the cleaning rules, and write a page about it. With --json, the counts are printed too.',
  },
  showSensitive: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Show personal data on the page as it is, instead of placeholders.',
  },
  force: replace,
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type InspectOption = keyof typeof inspectOptions;
export type InspectOptions = ValuesOf<typeof inspectOptions>;

export const speakersOptions = {
  paths,
  ...readingOptions,
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type SpeakersOption = keyof typeof speakersOptions;

export const convertOptions = {
  paths,
  ...readingOptions,
  to: {
    group: 'Output',
    type: 'text',
    value: 'format',
    default: 'jsonl',
    pattern: { source: 'jsonl', words: 'jsonl, the only format that is written' },
    help: 'The format to write: jsonl is JSON lines, with a dialogue as a list of messages on each.',
  },
  out: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'stdout',
    help: 'The file to write.',
  },
  force: replace,
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type ConvertOption = keyof typeof convertOptions;

export const crawlOptions = {
  address: {
    group: 'Crawl',
    type: 'text',
    value: 'address',
    default: null,
    unset: 'required',
    positional: true,
    help: 'The page to begin with, such as https://shop.example/faq. Only pages of the same host are visited.',
  },
  depth: {
    group: 'Crawl',
    type: 'integer',
    value: 'n',
    default: 2,
    min: 0,
    max: 100,
    help: 'Follow up to this many links in a row from the first page; 0 reads only that page.',
  },
  maxPages: {
    group: 'Crawl',
    type: 'integer',
    value: 'n',
    default: 200,
    min: 1,
    max: 100_000,
    help: 'Visit at most this many pages.',
  },
  delay: {
    group: 'Crawl',
    type: 'number',
    value: 'seconds',
    default: 1,
    min: 0,
    max: 300,
    help: 'Pause between requests. A longer pause that robots.txt asks for is kept.',
  },
  pageTimeout: {
    group: 'Crawl',
    type: 'number',
    value: 'seconds',
    default: 30,
    above: 0,
    max: 600,
    help: 'Give up on a page that is not complete after this time.',
  },
  maxPageBytes: {
    group: 'Crawl',
    type: 'integer',
    value: 'bytes',
    default: 4_000_000,
    min: 1000,
    max: 64_000_000,
    help: 'Leave out pages that are larger than this.',
  },
  out: {
    group: 'Output',
    type: 'text',
    value: 'file',
    default: 'faq.jsonl',
    help: 'The file to write: a question, its answer and the address of the page on each line.',
  },
  force: replace,
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type CrawlOption = keyof typeof crawlOptions;
export type CrawlOptions = ValuesOf<typeof crawlOptions>;

export const downloadOptions = {
  name: {
    group: 'Download',
    type: 'text',
    value: 'name',
    default: null,
    unset: 'lists all corpora',
    positional: true,
    help: 'The corpus to download; without a name, all that are known are listed.',
  },
  yes: {
    group: 'Download',
    type: 'switch',
    default: false,
    help: 'Download without a question.',
  },
  out: {
    group: 'Output',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'corpora/<name>',
    help: 'The folder to write to.',
  },
  force: replace,
  json,
  quiet,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type DownloadOption = keyof typeof downloadOptions;
export type DownloadOptions = ValuesOf<typeof downloadOptions>;

/** The tables by command. */
export const dataOptions = {
  inspect: inspectOptions,
  speakers: speakersOptions,
  convert: convertOptions,
  prepare: prepareOptions,
  augment: augmentOptions,
  explain: explainOptions,
  forget: forgetOptions,
  'train-filter': filterOptions,
  crawl: crawlOptions,
  download: downloadOptions,
} as const satisfies Readonly<Record<string, OptionTable>>;
