// The options of every program that computes.

import { deviceSpelling } from '../device/names.js';

export const deviceOption = {
  group: 'Device and memory',
  type: 'text',
  value: 'device',
  default: 'auto',
  pattern: deviceSpelling,
  help: `Device to compute on: ${deviceSpelling.words}; auto takes the fastest that works.`,
} as const;

export const threadsOption = {
  group: 'Device and memory',
  type: 'integer',
  value: 'n',
  default: null,
  unset: 'one per core',
  min: 1,
  max: 1024,
  help: 'CPU threads; the result does not depend on their number.',
} as const;
