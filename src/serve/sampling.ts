// How a request of OpenAI's or Ollama's API wants a reply to be generated, as settings. What it does not say is not set.

import type { GenerationSettings } from '../generate/settings.js';

export interface Sampling {
  readonly temperature?: number | null | undefined;
  readonly topP?: number | null | undefined;
  readonly topK?: number | null | undefined;
  readonly minP?: number | null | undefined;
  readonly repetitionPenalty?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly maxNewTokens?: number | null | undefined;
  readonly stop?: string | readonly string[] | null | undefined;
}

export function settingsOf({ temperature, stop, ...numbers }: Sampling): Partial<GenerationSettings> {
  const given = Object.entries(numbers).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(given),
    // Temperature 0 is greedy decoding for these clients.
    ...(typeof temperature === 'number' &&
      (temperature === 0 ? { doSample: false } : { doSample: true, temperature })),
    ...(stop && { stop: typeof stop === 'string' ? [stop] : stop }),
  };
}
