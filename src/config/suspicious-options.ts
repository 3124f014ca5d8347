// The options of ranking replies by a trained model, which `inspect` and `prepare` share.

import type { OptionSpec } from '../option-spec.js';
import { deviceOption, threadsOption } from './device-options.js';

const group = 'Suspicious replies';

export const suspiciousOptions = {
  suspicious: {
    group,
    type: 'text',
    value: 'model',
    default: null,
    unset: 'none',
    help: 'Rank the replies by how unlikely this trained model finds them: the folder of a run, another model folder, or a hub id.',
  },
  top: {
    group,
    type: 'integer',
    value: 'n',
    default: 20,
    min: 1,
    max: 1000,
    help: 'How many replies are listed, of the least likely and of the most likely ones each.',
  },
  device: { ...deviceOption, group },
  threads: { ...threadsOption, group },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const dropSuspicious = {
  group,
  type: 'number',
  value: 'share',
  default: 0,
  min: 0,
  below: 1,
  help: 'Do not learn this share of the replies, the least likely ones, such as 0.01.',
} as const satisfies OptionSpec;
