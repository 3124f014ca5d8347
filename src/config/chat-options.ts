// Every option of `chatbot-chat`, once: its flags, and what `/set` and `/show` know. Names are those of transformers'
// GenerationConfig where it has them; the defaults of a reply are those of generate/settings.ts.

import { defaultSettings } from '../generate/settings.js';
import { option } from '../option-names.js';
import type { OptionSpec, ValuesOf } from '../option-spec.js';
import { deviceOption, threadsOption } from './device-options.js';

/** How many replies `--mmi` chooses from when nobody says so; the DialoGPT paper takes 16. */
export const mmiCandidates = 16;

export const chatOptions = {
  // ---- Conversation
  model: {
    group: 'Conversation',
    type: 'text',
    value: 'model',
    default: null,
    unset: 'required',
    positional: true,
    help: 'Whom to talk to: a folder that chatbot-train left, any Hugging Face GPT-2 folder, or a hub id.',
  },
  prompt: {
    group: 'Conversation',
    type: 'text',
    value: 'message',
    default: null,
    unset: 'none',
    help: 'Say this, print the reply and end.',
  },
  history: {
    group: 'Conversation',
    type: 'switch',
    default: true,
    help: 'Do not keep what is typed for the up-arrow of later conversations.',
  },

  // ---- Choice of words
  greedy: {
    group: 'Choice of words',
    type: 'switch',
    default: false,
    help: 'Always take the likeliest token: no chance involved, and often dull.',
  },
  temperature: {
    group: 'Choice of words',
    type: 'number',
    value: 'x',
    default: defaultSettings.temperature,
    above: 0,
    instead: `the likeliest words without any chance are ${option('greedy', true)}`,
    help: 'How daring the choice is: below 1 it keeps to likely tokens, above 1 unlikely ones get a chance too.',
  },
  topK: {
    group: 'Choice of words',
    type: 'integer',
    value: 'n',
    default: defaultSettings.topK,
    min: 0,
    help: 'Choose among so many of the likeliest tokens only; 0 leaves all of them.',
  },
  topP: {
    group: 'Choice of words',
    type: 'number',
    value: 'share',
    default: defaultSettings.topP,
    above: 0,
    max: 1,
    help: 'Choose among the fewest likeliest tokens that together have this probability; 1 leaves all of them.',
  },
  minP: {
    group: 'Choice of words',
    type: 'number',
    value: 'share',
    default: defaultSettings.minP,
    min: 0,
    max: 1,
    help: 'Choose among tokens at least this share as likely as the likeliest one; 0 leaves all of them.',
  },
  repetitionPenalty: {
    group: 'Choice of words',
    type: 'number',
    value: 'x',
    default: defaultSettings.repetitionPenalty,
    above: 0,
    help: 'Makes tokens that were said before less likely: 1 not at all, 1.2 clearly.',
  },
  noRepeatNgramSize: {
    group: 'Choice of words',
    type: 'integer',
    value: 'n',
    default: defaultSettings.noRepeatNgramSize,
    min: 0,
    help: 'Never say so many tokens in a row twice in a conversation; 0 allows it.',
  },
  seed: {
    group: 'Choice of words',
    type: 'integer',
    value: 'n',
    default: defaultSettings.seed,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'Decides what is drawn: the same seed, model, settings and conversation give the same reply.',
  },

  // ---- Length
  minNewTokens: {
    group: 'Length',
    type: 'integer',
    value: 'n',
    default: defaultSettings.minNewTokens,
    min: 0,
    help: 'The fewest tokens of a reply; 0 lets the model say nothing.',
  },
  maxNewTokens: {
    group: 'Length',
    type: 'integer',
    value: 'n',
    default: defaultSettings.maxNewTokens,
    min: 1,
    help: 'The most tokens of a reply, which is cut there.',
  },
  stop: {
    group: 'Length',
    type: 'list',
    value: 'text',
    default: defaultSettings.stop,
    onePerFlag: true,
    help: 'End a reply before this text; give the flag again for further texts.',
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
    help: 'Draw so many replies at once and give the best: the likeliest one, unless --mmi ranks them.',
  },
  mmi: {
    group: 'Best of several',
    type: 'text',
    value: 'model',
    default: null,
    unset: 'none',
    help: 'Rank candidates by how well this model, made by chatbot-train --reverse, guesses from each what was said.',
  },
  numBeams: {
    group: 'Best of several',
    type: 'integer',
    value: 'n',
    alias: 'beams',
    default: defaultSettings.numBeams,
    min: 1,
    max: 256,
    help: 'Beam search: follow so many likely beginnings and give the likeliest whole reply; 1 is no beam search.',
  },
  lengthPenalty: {
    group: 'Best of several',
    type: 'number',
    value: 'x',
    default: defaultSettings.lengthPenalty,
    help: 'What beam search makes of length: above 0 it favours long replies, below 0 short ones.',
  },

  // ---- Device and memory
  device: deviceOption,
  precision: {
    group: 'Device and memory',
    type: 'choice',
    choices: ['auto', 'fp32', 'bf16', 'fp16'],
    default: 'auto',
    help: 'Numbers to keep the weights in: bf16 is twice as fast where the device has it, which auto looks up.',
  },
  threads: threadsOption,

  // ---- Output
  json: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print every reply as one line of JSON, with its tokens, seconds and the reason why it ended.',
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
