// Values that options accept, for tests of every option.

import type { TextSpec } from '../src/option-spec.js';

const samples = ['some/text', 'cuda:1', 'assistant', '30m', 'question=Q,response=A'];

/** A text that the option's pattern allows. */
export function sampleText({ pattern }: TextSpec): string {
  const allowed = new RegExp(`^(${pattern?.source ?? '.*'})$`);
  const sample = samples.find((text) => allowed.test(text));
  if (sample === undefined) throw new Error(`no sample fits the pattern ${pattern?.source}`);
  return sample;
}
