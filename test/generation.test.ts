// Compares greedy decoding and beam search with transformers' generate (scripts/make-generation-goldens.py), and checks that
// for any model caching, sharing and reordering the past change nothing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Device } from '../src/device/device.js';
import { beamSearch } from '../src/generate/beam-search.js';
import { generateReplies } from '../src/generate/generate-replies.js';
import { KnownPast, type Past } from '../src/generate/known-past.js';
import { logSoftmax } from '../src/generate/log-softmax.js';
import type { FinishReason } from '../src/generate/reply.js';
import { defaultSettings, type GenerationSettings } from '../src/generate/settings.js';
import { DecodingPass } from '../src/nn/decoding-pass.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { expectedTensors, type GPT2Config, parseGPT2Config } from '../src/nn/gpt2-config.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { openTokenizer } from '../src/tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../src/tokenizer/tokenizer.js';
import { saveModelFolder } from '../src/weights/model-folder.js';
import { goldenWeights } from './golden-model.js';
import { repositoryRoot } from './repository.js';
import { scratchFolder, tinyConfig, tinyVocabulary } from './tiny-run.js';

interface Scales {
  /** Multiplies the matrices and biases of the blocks. */
  readonly spread: number;
  /** Multiplies the head's row of the end-of-text token. */
  readonly end_of_text: number;
}

/** The names in transformers. */
interface GenerateSettings {
  readonly num_beams?: number;
  readonly length_penalty?: number;
  readonly min_new_tokens?: number;
  readonly no_repeat_ngram_size?: number;
  readonly repetition_penalty?: number;
}

interface GoldenHypothesis {
  readonly tokens: readonly number[];
  readonly ended: boolean;
  /** For beam search only. */
  readonly score?: number;
}

interface GoldenCase {
  readonly prompt: readonly number[];
  readonly settings: GenerateSettings;
  readonly hypotheses: readonly GoldenHypothesis[];
}

interface GoldenModel extends Scales {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly names: readonly string[];
  readonly cases: readonly GoldenCase[];
}

const goldens: readonly GoldenModel[] = JSON.parse(
  readFileSync(join(repositoryRoot, 'test/goldens/generation.json'), 'utf8'),
);
const maxNewTokens = 18;

function settingsOf(theirs: GenerateSettings): GenerationSettings {
  return {
    ...defaultSettings,
    doSample: false,
    maxNewTokens,
    numBeams: theirs.num_beams ?? 1,
    lengthPenalty: theirs.length_penalty ?? 1,
    minNewTokens: theirs.min_new_tokens ?? 0,
    noRepeatNgramSize: theirs.no_repeat_ngram_size ?? 0,
    repetitionPenalty: theirs.repetition_penalty ?? 1,
  };
}

/** The parameters of a golden model that does not repeat one token forever. */
function scaledWeights(
  config: GPT2Config,
  names: readonly string[],
  { spread, end_of_text }: Scales,
  endOfText: number,
): ReadonlyMap<string, Float32Array> {
  const shapes = new Map(expectedTensors(config).map(({ name, shape }) => [name, shape]));
  const head = config.tieWordEmbeddings ? 'wte.weight' : 'lm_head.weight';
  return new Map(
    names.map((name, index) => {
      const size = (shapes.get(name) ?? []).reduce((product, extent) => product * extent, 1);
      const inBlock = name.startsWith('h.') && !name.includes('.ln_');
      const values = goldenWeights(name, size, index + 1).map((value) => (inBlock ? value * spread : value));
      if (name === head)
        for (let at = endOfText * config.nEmbd; at < (endOfText + 1) * config.nEmbd; at++)
          values[at] = (values[at] ?? 0) * end_of_text;
      return [name, values];
    }),
  );
}

function load(device: Device, config: GPT2Config, weights: ReadonlyMap<string, Float32Array>): GPT2 {
  const model = new GPT2(device, config, { trainable: false });
  for (const [name, values] of weights) model.parameters.load(device, name, values);
  return model;
}

/** For models whose tokens are not text; token 0 ends a reply. */
const numbers = (vocabularySize: number): Tokenizer => ({
  vocabularySize,
  endOfText: 0,
  spelledTokens: [],
  encode: (text) => text.split(' ').map(Number),
  decode: (ids) => Array.from(ids).join(' '),
  files: () => new Map(),
  identity: () => 'numbers',
});

interface Said {
  readonly tokens: readonly number[];
  readonly finishReason: FinishReason;
  readonly score?: number;
}

const watcher = { text: () => {}, shouldStop: () => false };

async function generate(
  past: Past,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  settings: GenerationSettings,
): Promise<readonly Said[]> {
  return settings.numBeams > 1
    ? beamSearch(past, tokenizer, prompt, settings, watcher.shouldStop)
    : generateReplies(past, tokenizer, prompt, settings, 1, watcher);
}

function near(score: number, expected: number): boolean {
  return Math.abs(score - expected) <= 1e-5 * Math.max(1, Math.abs(expected));
}

function assertSame(found: readonly Said[], expected: readonly GoldenHypothesis[], what: string): void {
  assert.deepEqual(
    found.map(({ tokens, finishReason }) => ({ tokens: [...tokens], ended: finishReason === 'stop' })),
    expected.map(({ tokens, ended }) => ({ tokens, ended })),
    what,
  );
  for (const [index, { score }] of expected.entries())
    if (score !== undefined)
      assert.ok(near(found[index]?.score ?? Number.NaN, score), `${what}: score ${index}`);
}

for (const golden of goldens) {
  describe(`generation of golden model ${golden.name}`, () => {
    const config = parseGPT2Config(golden.config, golden.name);
    const tokenizer = numbers(config.vocabSize);
    let device: Device;
    let model: GPT2;
    let past: Past;

    before(() => {
      device = createCpuDevice({ threads: 2 });
      model = load(device, config, scaledWeights(config, golden.names, golden, 0));
      past = new KnownPast(new DecodingPass(model, { sequences: 16, contextLength: config.nPositions }));
    });
    after(() => device.dispose());

    for (const { prompt, settings, hypotheses } of golden.cases) {
      const turns = prompt.filter((token) => token === 0).length;
      const what = `${(settings.num_beams ?? 1) > 1 ? 'beam' : 'greedy'} ${JSON.stringify(settings)}`;
      test(`${what} after ${turns} turn${turns > 1 ? 's' : ''} is transformers'`, async () => {
        assertSame(await generate(past, tokenizer, prompt, settingsOf(settings)), hypotheses, what);
      });
    }

    test('one beam equals greedy decoding', async () => {
      for (const { prompt, settings } of golden.cases.filter(
        ({ settings }) => !settings.repetition_penalty,
      )) {
        const single = settingsOf({ ...settings, num_beams: 1 });
        const [greedy] = await generateReplies(past, tokenizer, prompt, single, 1, watcher);
        const [beam] = await beamSearch(past, tokenizer, prompt, single, watcher.shouldStop);
        assert.deepEqual(
          [beam?.tokens, beam?.finishReason, beam?.text],
          [greedy?.tokens, greedy?.finishReason, greedy?.text],
        );
      }
    });

    test('each hypothesis has the score that its whole text has, computed at once', async () => {
      const scoring = new ScoringPass(model, { capacity: config.nPositions });
      const plain = golden.cases.filter(
        ({ settings }) =>
          !(settings.repetition_penalty || settings.no_repeat_ngram_size || settings.min_new_tokens),
      );
      for (const { prompt, settings } of plain) {
        const { numBeams, lengthPenalty, ...others } = settingsOf(settings);
        const chosen = { ...others, numBeams: Math.max(4, numBeams), lengthPenalty };
        for (const hypothesis of await beamSearch(past, tokenizer, prompt, chosen, watcher.shouldStop)) {
          const said = [...hypothesis.tokens, ...(hypothesis.finishReason === 'stop' ? [0] : [])];
          const logLikelihood = logLikelihoodAtOnce(scoring, prompt, said);
          assert.ok(near(hypothesis.score, logLikelihood / said.length ** lengthPenalty));
        }
      }
    });
  });
}

/** The score of the tokens after a prompt, computed without a cache. */
function logLikelihoodAtOnce(
  scoring: ScoringPass,
  prompt: readonly number[],
  said: readonly number[],
): number {
  const tokens = [...prompt, ...said.slice(0, -1)];
  const logits = scoring.logits({
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(tokens, (_, place) => place),
    segmentStarts: new Int32Array(tokens.length),
    segmentEnds: new Int32Array(tokens.length).fill(tokens.length),
    supervisedRows: Int32Array.of(0),
    targets: Int32Array.of(0),
  });
  const width = scoring.model.config.vocabSize;
  let sum = 0;
  for (const [place, token] of said.entries()) {
    const at = prompt.length - 1 + place;
    const row = logits.slice(at * width, (at + 1) * width);
    logSoftmax(row);
    sum += row[token] ?? Number.NaN;
  }
  return sum;
}

const python = process.env.CHATBOT_TRAIN_PYTHON;

/**
 * Reads { cases: [[turns, settings]] } and writes the reply of transformers for each, and whether noise far beyond rounding
 * leaves it unchanged.
 */
const program = `
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
end = tokenizer.eos_token_id
class Noise(LogitsProcessor):
    def __init__(self, seed): self.generator = torch.Generator().manual_seed(seed)
    def __call__(self, ids, scores): return scores + (torch.rand(scores.shape, generator=self.generator) - 0.5) * 1e-3
def generate(prompt, settings, processors):
    beams = settings.get("num_beams", 1)
    out = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False, max_new_tokens=${maxNewTokens}, pad_token_id=end, num_return_sequences=beams,
        return_dict_in_generate=True, output_scores=True, logits_processor=LogitsProcessorList(processors), **settings)
    said = []
    for sequence in out.sequences[:, len(prompt):].tolist():
        ended = end in sequence
        tokens = sequence[:sequence.index(end)] if ended else sequence
        said.append(dict(tokens=tokens, ended=ended, text=tokenizer.decode(tokens, clean_up_tokenization_spaces=False)))
    return said, out.sequences_scores.tolist() if beams > 1 else None
results = []
for turns, settings in json.load(sys.stdin):
    prompt = [token for turn in turns for token in tokenizer(turn).input_ids + [end]]
    said, scores = generate(prompt, settings, [])
    stable = all(generate(prompt, settings, [Noise(seed)])[0] == said for seed in range(3))
    if scores is not None:
        for hypothesis, score in zip(said, scores): hypothesis["score"] = score
    results.append(dict(prompt=prompt, stable=stable, hypotheses=said))
print(json.dumps(results))`;

interface LiveResult {
  readonly prompt: readonly number[];
  readonly stable: boolean;
  readonly hypotheses: readonly (GoldenHypothesis & { readonly text: string })[];
}

test('gives the same text as transformers with the same folder', {
  skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers and torch',
}, async () => {
  const folder = scratchFolder('generation');
  const { files, size } = tinyVocabulary();
  const names = expectedTensors(tinyConfig).map(({ name }) => name);
  const weights = scaledWeights(tinyConfig, names, { spread: 4, end_of_text: 2 }, size - 1);
  saveModelFolder(folder, {
    config: tinyConfig,
    endOfText: size - 1,
    tokenizerFiles: files,
    tensors: expectedTensors(tinyConfig).map(({ name, shape }) => ({
      name,
      shape,
      data: () => weights.get(name) ?? new Float32Array(0),
    })),
  });
  const conversations = [
    ['hello there'],
    ['Größe? 😀'],
    ['hello', 'how are you', 'and the others'],
    ['a', 'b', 'c d e'],
  ];
  const settings: readonly GenerateSettings[] = [
    {},
    { repetition_penalty: 1.3 },
    { no_repeat_ngram_size: 2, min_new_tokens: 4 },
    { num_beams: 2 },
    { num_beams: 5, length_penalty: 0.6, no_repeat_ngram_size: 3 },
    { num_beams: 4, repetition_penalty: 1.2, min_new_tokens: 6 },
  ];
  // Every other pair, so that each conversation meets half of the settings: transformers takes most of this file's time.
  const cases = conversations.flatMap((turns, row) =>
    settings.flatMap((chosen, column) => ((row + column) % 2 === 0 ? [[turns, chosen] as const] : [])),
  );
  const { status, stdout, stderr } = spawnSync(python ?? '', ['-c', program, folder], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  const theirs: readonly LiveResult[] = JSON.parse(stdout);
  const tokenizer = openTokenizer(folder);
  const device = createCpuDevice({ threads: 2 });
  try {
    const model = load(device, tinyConfig, weights);
    const past = new KnownPast(new DecodingPass(model, { sequences: 5, contextLength: 64 }));
    let compared = 0;
    for (const [index, [turns, chosen]] of cases.entries()) {
      const their = theirs[index];
      assert.ok(their);
      const prompt = turns.flatMap((turn) => [...tokenizer.encode(turn), tokenizer.endOfText]);
      assert.deepEqual(prompt, their.prompt);
      const found = await generate(past, tokenizer, prompt, settingsOf(chosen));
      if (!their.stable) continue;
      compared++;
      assertSame(found, their.hypotheses, JSON.stringify([turns, chosen]));
      for (const [place, { text }] of their.hypotheses.entries())
        assert.equal(tokenizer.decode(found[place]?.tokens ?? []), text);
    }
    assert.ok(compared >= cases.length * 0.6, `${compared} of ${cases.length} are no matter of rounding`);
  } finally {
    device.dispose();
  }
});
