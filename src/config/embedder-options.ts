// The options by which a bot finds questions by their meaning, for all programs that open one.

import type { OptionTable } from '../option-spec.js';

const group = 'Embedder';

export const embedderOptions = {
  embedder: {
    group,
    type: 'text',
    value: 'name',
    default: null,
    unset: "the bot file's, or none",
    help: 'Find learned questions by meaning too: the address of an OpenAI-compatible service, to which questions are sent, or a model folder; "none" uses words only.',
  },
  embedderModel: {
    group,
    type: 'text',
    value: 'model',
    default: null,
    unset: "the bot file's",
    help: 'With the address of a service, the name of its model.',
  },
  embedderKeyVariable: {
    group,
    type: 'text',
    value: 'name',
    default: null,
    unset: 'CHATBOT_EMBEDDER_KEY, if it is set',
    pattern: { source: '[A-Za-z_][A-Za-z0-9_]*', words: 'the name of an environment variable' },
    help: 'The environment variable that holds the key of the service, such as OPENAI_API_KEY. The key is written nowhere.',
  },
} as const satisfies OptionTable;
