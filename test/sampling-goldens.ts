// Loads the goldens of scripts/make-sampling-goldens.py, the output of transformers for random logits, with this program's
// option names.

import { readFileSync } from 'node:fs';
import { defaultSettings, type GenerationSettings } from '../src/generate/settings.js';

export interface SamplingGolden {
  readonly settings: GenerationSettings;
  readonly logits: readonly number[];
  readonly history: readonly number[];
  readonly newTokens: number;
  readonly processed: Float32Array;
  readonly probabilities: readonly number[];
}

interface Stored extends Omit<SamplingGolden, 'settings' | 'processed'> {
  readonly settings: Readonly<Record<string, number>>;
  readonly processed: readonly (number | null)[];
}

const stored: { endOfText: number; cases: readonly Stored[] } = JSON.parse(
  readFileSync(new URL('../../src/generate/sampling-goldens.json', import.meta.url), 'utf8'),
);

/** Everything off, as in transformers by default. */
const off = { ...defaultSettings, temperature: 1, topK: 0, topP: 1, minNewTokens: 0 };

const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const goldens: { readonly endOfText: number; readonly cases: readonly SamplingGolden[] } = {
  endOfText: stored.endOfText,
  cases: stored.cases.map(({ settings, processed, ...rest }) => ({
    ...rest,
    settings: {
      ...off,
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [camelCase(name), value])),
    },
    processed: Float32Array.from(processed, (logit) => logit ?? Number.NEGATIVE_INFINITY),
  })),
};
