// Times greedy decoding with llama.cpp through node-llama-cpp: one stream, after a prompt that is not in its cache. The
// model is a GGUF file of gpt2_gguf.py.
//
//     node dist/bench/peers/llama-cpp.js --model .bench/gpt2-small-q8_0.gguf --threads 2 --prompt 200 --tokens 128

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { median, peakMemoryBytes, threadsByDefault } from '../measure.js';
import { llamaCppFolder } from '../situation.js';

export interface LlamaCppResult {
  readonly secondsToFirstToken: number;
  /** After the first token. */
  readonly tokensPerSecond: number;
  readonly repetitions: {
    readonly secondsToFirstToken: readonly number[];
    readonly tokensPerSecond: readonly number[];
  };
  readonly peakMemoryBytes: number;
  readonly settings: {
    readonly nodeLlamaCpp: string;
    readonly threads: number;
    readonly flashAttention: boolean | 'auto';
    /** The instruction sets that it uses. */
    readonly system: string;
  };
}

/** The part of node-llama-cpp that is used. It is not a dependency, so its types are not there. */
interface NodeLlamaCpp {
  getModuleVersion(): Promise<string>;
  getLlama(options: object): Promise<{
    readonly systemInfo: string;
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{
        readonly currentThreads: number;
        readonly flashAttention: boolean | 'auto';
        getSequence(): Sequence;
      }>;
    }>;
  }>;
}
interface Sequence {
  readonly nextTokenIndex: number;
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number>;
  clearHistory(): Promise<void>;
}

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string', default: String(threadsByDefault) },
    prompt: { type: 'string', default: '200' },
    tokens: { type: 'string', default: '128' },
    repetitions: { type: 'string', default: '3' },
  },
});
if (values.model === undefined) throw new Error('--model names a GGUF file');
const threads = Number(values.threads);
const prompt = Array.from({ length: Number(values.prompt) }, (_, index) => (index * 7919) % 50257);
const entry = pathToFileURL(join(llamaCppFolder, 'dist/index.js')).href;
const { getLlama, getModuleVersion } = (await import(entry)) as NodeLlamaCpp;
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads });
const model = await llama.loadModel({ modelPath: values.model });
const context = await model.createContext({
  contextSize: 1024,
  batchSize: 512,
  threads: { ideal: threads, min: threads },
  flashAttention: 'auto',
});
const sequence = context.getSequence();

const first: number[] = [];
const rates: number[] = [];
// The first repetition is not counted.
for (let repetition = 0; repetition <= Number(values.repetitions); repetition++) {
  const times = await reply();
  if (repetition === 0) continue;
  const [begun = 0, one = 0, last = 0] = [times[0], times[1], times.at(-1)];
  first.push(one - begun);
  rates.push((times.length - 2) / (last - one));
}
const result: LlamaCppResult = {
  secondsToFirstToken: median(first),
  tokensPerSecond: median(rates),
  repetitions: { secondsToFirstToken: first, tokensPerSecond: rates },
  peakMemoryBytes: peakMemoryBytes(),
  settings: {
    nodeLlamaCpp: await getModuleVersion(),
    threads: context.currentThreads,
    flashAttention: context.flashAttention,
    system: llama.systemInfo.trim(),
  },
};
console.log(JSON.stringify(result));
process.exit();

/** The time of the request and the time of each token, in seconds. */
async function reply(): Promise<number[]> {
  await sequence.clearHistory();
  const times = [performance.now() / 1000];
  // The end of a text is no end here: its token is as good as any other with random weights.
  for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    times.push(performance.now() / 1000);
    if (times.length === Number(values.tokens) + 2) break;
  }
  if (times.length !== Number(values.tokens) + 2) throw new Error(`only ${times.length - 1} tokens came`);
  return times;
}
