// Every option of `chatbot-chat`, once: its flags, and what `/set` and `/show` know. Names are those of transformers'
// GenerationConfig where it has them; the defaults of a reply are those of generate/settings.ts.

import { defaultSettings } from '../generate/settings.js';
import { option } from '../option-names.js';
import type { OptionSpec, ValuesOf } from '../option-spec.js';
import { deviceOption, threadsOption } from './device-options.js';
import { embedderOptions } from './embedder-options.js';

/** How many replies `--mmi` chooses from when nobody says so; the DialoGPT paper takes 16. */
export const mmiCandidates = 16;

export const chatOptions = {
  // ---- Conversation
  model: {
    group: 'Conversation',
    type: 'text',
    value: 'model',
    default: null,
    unset: 'required, unless --rules names a bot',
    positional: true,
    help: 'The model to talk to: a folder that chatbot-train wrote, any Hugging Face GPT-2 folder, or a hub id.',
  },
  prompt: {
    group: 'Conversation',
    type: 'text',
    value: 'message',
    default: null,
    unset: 'none',
    help: 'Send this message, print the reply and exit.',
  },
  rules: {
    group: 'Conversation',
    type: 'list',
    value: 'bot',
    default: [],
    onePerFlag: true,
    help: 'Answer from this bot first: its store (a SQLite file or the address of a PostgreSQL database), a YAML file of rules, or each once. Then no model is needed.',
  },
  user: {
    group: 'Conversation',
    type: 'text',
    value: 'name',
    default: null,
    unset: 'nobody that is known',
    help: 'Who you are, for --rules: what you say about yourself is remembered, and your last conversation goes on.',
  },
  keepDays: {
    group: 'Conversation',
    type: 'integer',
    value: 'days',
    default: null,
    unset: 'for ever',
    min: 1,
    max: 36500,
    help: 'For --rules: forget what people say about themselves after this many days.',
  },
  learning: {
    group: 'Conversation',
    type: 'choice',
    choices: ['queue', 'off'],
    default: 'queue',
    help: 'For --rules: queue keeps questions without a good answer for chatbot-rules review; off keeps none.',
  },
  timeZone: {
    group: 'Conversation',
    type: 'text',
    value: 'zone',
    default: null,
    unset: "this machine's",
    help: 'Your time zone, for --rules, such as Europe/Berlin.',
  },
  ...embedderOptions,
  history: {
    group: 'Conversation',
    type: 'switch',
    default: true,
    help: 'Do not save input for the up arrow in later conversations.',
  },

  // ---- Sampling
  greedy: {
    group: 'Sampling',
    type: 'switch',
    default: false,
    help: 'Always take the most likely token: deterministic, often dull.',
  },
  temperature: {
    group: 'Sampling',
    type: 'number',
    value: 'x',
    default: defaultSettings.temperature,
    above: 0,
    instead: `for the most likely tokens without sampling use ${option('greedy', true)}`,
    help: 'Sampling temperature: below 1 favours likely tokens, above 1 gives unlikely ones more chance.',
  },
  topK: {
    group: 'Sampling',
    type: 'integer',
    value: 'n',
    default: defaultSettings.topK,
    min: 0,
    help: 'Sample from the k most likely tokens only; 0 disables this.',
  },
  topP: {
    group: 'Sampling',
    type: 'number',
    value: 'share',
    default: defaultSettings.topP,
    above: 0,
    max: 1,
    help: 'Nucleus sampling: sample from the smallest set of most likely tokens with this total probability; 1 disables it.',
  },
  minP: {
    group: 'Sampling',
    type: 'number',
    value: 'share',
    default: defaultSettings.minP,
    min: 0,
    max: 1,
    help: 'Sample only from tokens with at least this fraction of the probability of the most likely one; 0 disables this.',
  },
  repetitionPenalty: {
    group: 'Sampling',
    type: 'number',
    value: 'x',
    default: defaultSettings.repetitionPenalty,
    above: 0,
    help: 'Make tokens that have already appeared less likely: 1 has no effect, 1.2 a clear one.',
  },
  noRepeatNgramSize: {
    group: 'Sampling',
    type: 'integer',
    value: 'n',
    default: defaultSettings.noRepeatNgramSize,
    min: 0,
    help: 'Never repeat a sequence of n tokens within a conversation; 0 disables this.',
  },
  seed: {
    group: 'Sampling',
    type: 'integer',
    value: 'n',
    default: defaultSettings.seed,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'Random seed. The same seed, model, settings and conversation give the same reply.',
  },

  // ---- Length
  minNewTokens: {
    group: 'Length',
    type: 'integer',
    value: 'n',
    default: defaultSettings.minNewTokens,
    min: 0,
    help: 'Minimum number of tokens in a reply; 0 allows an empty one.',
  },
  maxNewTokens: {
    group: 'Length',
    type: 'integer',
    value: 'n',
    default: defaultSettings.maxNewTokens,
    min: 1,
    help: 'Maximum number of tokens in a reply; a longer one is cut.',
  },
  stop: {
    group: 'Length',
    type: 'list',
    value: 'text',
    default: defaultSettings.stop,
    onePerFlag: true,
    help: 'End a reply before this text. May be given several times.',
  },

  // ---- Best of several
  candidates: {
    group: 'Best of several',
    type: 'integer',
    value: 'n',
    default: null,
    unset: `1, or ${mmiCandidates} with --mmi`,
    min: 1,
    max: 256,
    help: 'Generate n replies at once and give the best one: the most likely, or the one that --mmi ranks first.',
  },
  mmi: {
    group: 'Best of several',
    type: 'text',
    value: 'model',
    default: null,
    unset: 'none',
    help: 'Rank candidates with this model, made by chatbot-train --reverse: how well each one predicts your message.',
  },
  numBeams: {
    group: 'Best of several',
    type: 'integer',
    value: 'n',
    alias: 'beams',
    default: defaultSettings.numBeams,
    min: 1,
    max: 256,
    help: 'Beam search with n beams; 1 disables it.',
  },
  lengthPenalty: {
    group: 'Best of several',
    type: 'number',
    value: 'x',
    default: defaultSettings.lengthPenalty,
    help: 'Length penalty of beam search: above 0 favours long replies, below 0 short ones.',
  },

  // ---- Device and memory
  device: deviceOption,
  precision: {
    group: 'Device and memory',
    type: 'choice',
    choices: ['auto', 'fp32', 'bf16', 'fp16', 'int8'],
    default: 'auto',
    help: 'Precision of the weights. auto takes bf16 where it is fast: about twice as fast as fp32. int8 is faster again on the CPU, and a little less exact.',
  },
  threads: threadsOption,

  // ---- Output
  json: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print each reply as one line of JSON, with its tokens, seconds and finish reason.',
  },
  quiet: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print nothing but replies and errors.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type ChatOption = keyof typeof chatOptions;
export type ChatOptions = ValuesOf<typeof chatOptions>;
