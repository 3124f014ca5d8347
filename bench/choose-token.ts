// Times the choice of one token from GPT-2's vocabulary with different sampling settings: the median in microseconds over
// rounds that alternate the settings. It uses two kinds of logits: spread like those of a trained model, and nearly flat.
//   usage: node dist/bench/choose-token.js

import { Sampler } from '../src/generate/sampler.js';
import { defaultSettings, type GenerationSettings } from '../src/generate/settings.js';
import { Random } from '../src/random.js';
import { median, seconds } from './measure.js';

const vocabularySize = 50_257;
const [rounds, choices] = [30, 20];

const off: GenerationSettings = { ...defaultSettings, temperature: 1, topK: 0, topP: 1 };
const settings: Readonly<Record<string, GenerationSettings>> = {
  greedy: { ...off, doSample: false },
  'temperature 0.8': { ...off, temperature: 0.8 },
  'top-k 40': { ...off, topK: 40 },
  'top-k 5000': { ...off, topK: 5000 },
  'top-p 0.9': { ...off, topP: 0.9 },
  'min-p 0.05': { ...off, minP: 0.05 },
  'repetition penalty 1.2, 1000 tokens': { ...off, doSample: false, repetitionPenalty: 1.2 },
  'no-repeat-ngram 3, 1000 tokens': { ...off, doSample: false, noRepeatNgramSize: 3 },
  'temperature 0.8, top-k 40, top-p 0.9 (default)': defaultSettings,
  everything: {
    ...defaultSettings,
    minP: 0.05,
    repetitionPenalty: 1.2,
    noRepeatNgramSize: 3,
    minNewTokens: 9,
  },
};

/** The sum of twelve uniform numbers is nearly normal. */
function logitsOf(spread: number): Float32Array {
  const random = new Random(1);
  return Float32Array.from({ length: vocabularySize }, () => {
    let sum = -6;
    for (let term = 0; term < 12; term++) sum += random.next() / 2 ** 32;
    return sum * spread - 60;
  });
}

const history = Int32Array.from({ length: 1000 }, (_, index) => (index * index * 7919) % vocabularySize);
for (const [kind, logits] of Object.entries({ spread: logitsOf(3), flat: logitsOf(0.01) })) {
  const samplers = Object.entries(settings).map(([name, set]) => ({
    name,
    sampler: new Sampler(set, 50_256, new Random(1)),
    times: [] as number[],
  }));
  for (let round = -5; round < rounds; round++)
    for (const { sampler, times } of samplers) {
      const time = seconds(() => {
        for (let choice = 0; choice < choices; choice++) sampler.choose(logits, history, 5);
      });
      if (round >= 0) times.push((time / choices) * 1e6);
    }
  for (const { name, times } of samplers)
    console.log(`${kind}  ${name.padEnd(50)} ${median(times).toFixed(0).padStart(6)} µs`);
}
