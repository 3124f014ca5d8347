// Every option of `chatbot-serve`, once.

import type { OptionSpec, ValuesOf } from '../option-spec.js';
import { chatOptions } from './chat-options.js';
import { deviceOption, threadsOption } from './device-options.js';

const reply = { group: 'Replies' } as const;

export const serveOptions = {
  config: {
    group: 'What answers',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    onlyFlag: true,
    help: 'Read options from this YAML or JSON file. Flags override it.',
  },

  // ---- What answers
  models: {
    group: 'What answers',
    type: 'list',
    value: 'model',
    default: [],
    unset: 'none, if --rules names a bot',
    positional: true,
    help: 'Models: folders that chatbot-train wrote, or hub ids. The first answers, unless a request names another one.',
  },
  rules: {
    group: 'What answers',
    type: 'list',
    value: 'bot',
    default: [],
    onePerFlag: true,
    help: 'Answer from this bot first: its store (a SQLite file or the address of a PostgreSQL database), a YAML file of rules, or each once.',
  },
  reload: {
    group: 'What answers',
    type: 'switch',
    default: false,
    help: 'Load a model again when its folder changes. The old one answers until the new one is loaded, and ends what it has begun; for that time both are in memory.',
  },
  keepDays: { ...chatOptions.keepDays, group: 'What answers' },
  learning: { ...chatOptions.learning, group: 'What answers' },

  // ---- Address
  host: {
    group: 'Address',
    type: 'text',
    value: 'address',
    default: '127.0.0.1',
    help: 'The address to listen on. Any other than this machine itself needs --api-key.',
  },
  port: {
    group: 'Address',
    type: 'integer',
    value: 'n',
    default: 8000,
    min: 0,
    max: 65535,
    help: 'The port to listen on; 0 takes a free one.',
  },
  apiKey: {
    group: 'Address',
    type: 'list',
    value: 'key',
    default: [],
    onePerFlag: true,
    help: 'Requests must bring this key as a Bearer token. May be given several times. KEY@60 may ask 60 times a minute. The variable CHATBOT_API_KEY adds one.',
  },
  insecure: {
    group: 'Address',
    type: 'switch',
    default: false,
    help: 'Let everybody who reaches --host talk, without a key.',
  },
  allowOrigin: {
    group: 'Address',
    type: 'list',
    value: 'origin',
    default: [],
    onePerFlag: true,
    help: 'Pages of this origin, such as https://shop.example, may call the service (CORS).',
  },
  allowEmbed: {
    group: 'Address',
    type: 'list',
    value: 'origin',
    default: [],
    onePerFlag: true,
    help: 'Pages of this origin may show the chat page in a frame, as the widget does.',
  },

  metrics: {
    group: 'Address',
    type: 'switch',
    default: true,
    help: 'Offer counts and times for Prometheus at /metrics.',
  },
  metricsPort: {
    group: 'Address',
    type: 'integer',
    value: 'n',
    default: null,
    unset: 'the port of the service',
    min: 0,
    max: 65535,
    help: 'Offer /metrics at this port of --host instead, to everybody who reaches it.',
  },
  docs: {
    group: 'Address',
    type: 'switch',
    default: true,
    help: 'Offer the description of the service at /docs and /openapi.json.',
  },

  // ---- Limits
  rateLimit: {
    group: 'Limits',
    type: 'integer',
    value: 'n',
    default: null,
    unset: 'none',
    min: 1,
    max: 1_000_000,
    help: 'The most messages a minute from one API key, or from one address where no key is needed; more are answered with status 429.',
  },
  maxText: {
    group: 'Limits',
    type: 'integer',
    value: 'n',
    default: 4096,
    min: 1,
    max: 32768,
    help: 'The most characters of a message.',
  },
  maxQueue: {
    group: 'Limits',
    type: 'integer',
    value: 'n',
    default: 256,
    min: 1,
    max: 100_000,
    help: 'The most messages that wait for the model; more are answered with status 429.',
  },
  queueTimeout: {
    group: 'Limits',
    type: 'number',
    value: 'seconds',
    default: 10,
    above: 0,
    max: 3600,
    help: 'How long a message waits for the model before it is refused with status 503.',
  },
  requestTimeout: {
    group: 'Limits',
    type: 'number',
    value: 'seconds',
    default: 60,
    above: 0,
    max: 3600,
    help: 'How long a reply may take; what is written by then is given.',
  },
  grace: {
    group: 'Limits',
    type: 'number',
    value: 'seconds',
    default: 30,
    min: 0,
    max: 3600,
    help: 'How long running replies may still take after SIGTERM.',
  },

  // ---- Replies
  greedy: { ...chatOptions.greedy, ...reply },
  temperature: { ...chatOptions.temperature, ...reply },
  topK: { ...chatOptions.topK, ...reply },
  topP: { ...chatOptions.topP, ...reply },
  repetitionPenalty: { ...chatOptions.repetitionPenalty, ...reply },
  noRepeatNgramSize: { ...chatOptions.noRepeatNgramSize, ...reply },
  maxNewTokens: { ...chatOptions.maxNewTokens, ...reply },

  // ---- Device and memory
  device: deviceOption,
  precision: chatOptions.precision,
  threads: threadsOption,
  slots: {
    group: 'Device and memory',
    type: 'integer',
    value: 'n',
    default: null,
    unset: 'what suits the device and its memory',
    min: 1,
    max: 1024,
    help: 'How many replies grow at once.',
  },

  // ---- Output
  quiet: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print nothing but errors.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type ServeOption = keyof typeof serveOptions;
export type ServeOptions = ValuesOf<typeof serveOptions>;
