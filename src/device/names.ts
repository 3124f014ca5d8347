// How a person names a device. Imports nothing, so that `--help` can say it without loading any.

export const deviceFamilies = ['auto', 'cpu', 'cuda', 'tfjs'] as const;

export const deviceSpelling = {
  /** A regular expression for the whole name. */
  source: 'auto|cpu|cuda(?::[0-9]{1,3})?|tfjs(?::[a-z][a-z0-9-]*)?',
  words: 'auto, cpu, cuda, cuda:N, tfjs or tfjs:BACKEND',
} as const;
