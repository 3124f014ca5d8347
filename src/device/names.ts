// The names of devices in options. Imports nothing, so that `--help` can print them without loading a device.

export const deviceFamilies = ['auto', 'cpu', 'cuda', 'tfjs'] as const;

export const deviceSpelling = {
  /** The source of a regular expression that matches a whole name. */
  source: 'auto|cpu|cuda(?::[0-9]{1,3})?|tfjs(?::[a-z][a-z0-9-]*)?',
  words: 'auto, cpu, cuda, cuda:N, tfjs or tfjs:BACKEND',
} as const;
