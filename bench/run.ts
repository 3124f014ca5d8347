// Runs every measurement together with its peer's. The two alternate, so that a busy moment of the machine affects both.
// It writes the results to bench/results/<date>-<processor>.json and prints them as a table.
//
//     npm run bench -- --python PATH [--data FILE] [--model FOLDER] [--only gemm,step,dialogues,decode,startup] [--rounds N] [--threads N]

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { processorName } from '../src/device/cpu/processor.js';
import type { DecodeResult } from './decode.js';
import type { DialoguesResult, WrittenDialogues } from './dialogues.js';
import { against, type Finding, missing, ratio, table } from './findings.js';
import type { GemmResult } from './gemm.js';
import { geometricMean, measure, median, peer, program, threadsByDefault } from './measure.js';
import type { StartupResult } from './startup.js';
import type { StepResult } from './train-step.js';
import type { WeightPrecisionResult } from './weight-precision.js';

/** The output of the Python programs. They print more fields, which go to the results unread. */
interface PeerStep {
  readonly tokensPerSecond: number;
  readonly peakMemoryBytes: number;
  readonly settings: unknown;
}
interface PeerDecode {
  readonly secondsToFirstToken: number;
  readonly tokensPerSecond: number;
  readonly settings: unknown;
}
interface PeerDialogues {
  readonly supervisedTokensPerSecond: number;
  readonly settings: unknown;
}

interface Settings {
  readonly python: string | undefined;
  readonly data: string | undefined;
  /** A trained model, for the perplexity with bf16 weights. */
  readonly model: string | undefined;
  readonly threads: string;
  readonly rounds: number;
}

interface Measurement {
  readonly findings: readonly Finding[];
  /** The full output of the programs. */
  readonly raw: unknown;
}

/** By the measurement's name. */
type Results = Record<
  string,
  Measurement & {
    readonly measuredAt: string;
    /** `load` is the load average before and after. */
    readonly machine: {
      readonly processor: string;
      readonly threads: number;
      readonly node: string;
      readonly load: readonly number[];
    };
  }
>;

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    data: { type: 'string' },
    model: { type: 'string' },
    only: { type: 'string', default: 'gemm,step,dialogues,decode,startup' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(threadsByDefault) },
  },
});

const measurements: Readonly<Record<string, (settings: Settings) => Measurement>> = {
  gemm: measureGemm,
  step: measureSteps,
  dialogues: measureDialogues,
  decode: measureDecode,
  startup: measureStartup,
};

const path = resultsPath();
const results: Results = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {};
for (const name of values.only.split(',')) {
  const run = measurements[name];
  if (!run) throw new Error(`--only: no measurement '${name}'; there are ${Object.keys(measurements)}`);
  console.error(`measuring ${name} ...`);
  const { python, data, model, threads, rounds } = values;
  const load = [loadavg()[0] ?? 0];
  const measured = run({ python, data, model, threads, rounds: Number(rounds) });
  load.push(loadavg()[0] ?? 0);
  const machine = { processor: processorName(), threads: Number(threads), node: process.version, load };
  results[name] = { measuredAt: new Date().toISOString(), machine, ...measured };
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}
console.error(`written: ${path}`);
console.log(table(Object.keys(measurements).flatMap((name) => results[name]?.findings ?? [])));

/** Runs ours and the peer's alternately. Without Python, the peer's are left out. */
function inTurns<Ours, Theirs>(
  { python, rounds }: Settings,
  ours: () => Ours,
  theirs: (python: string) => Theirs,
): { readonly ours: Ours[]; readonly theirs: Theirs[] } {
  const results: { ours: Ours[]; theirs: Theirs[] } = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round++) {
    results.ours.push(ours());
    if (python !== undefined) results.theirs.push(theirs(python));
  }
  return results;
}

function measureGemm({ python, threads, rounds }: Settings): Measurement {
  const goal = 0.9;
  const kinds = [
    { kind: 'training', fits: (name: string) => !name.startsWith('decoding') },
    { kind: 'decoding', fits: (name: string) => name.startsWith('decoding') },
  ];
  if (python === undefined) {
    const findings = kinds.map(({ kind }) => missing(`GEMM, shapes of ${kind}`, `at least ${goal}`));
    return { findings, raw: 'no --python' };
  }
  const flags = ['--threads', threads, '--rounds', String(rounds), '--python', python];
  const result = measure<GemmResult>(process.execPath, [program('gemm'), ...flags]);
  const findings = kinds.flatMap(({ kind, fits }) => {
    const products = result.comparisons.filter(({ name }) => fits(name));
    const mean = (rate: (product: (typeof products)[number]) => number) => geometricMean(products.map(rate));
    const [worst] = [...products].sort((one, other) => one.ratio - other.ratio);
    return [
      ratio(
        `GEMM, shapes of ${kind}, geometric mean: GFLOP/s`,
        mean(({ gflops }) => gflops),
        mean(({ numpyGflops }) => numpyGflops),
        goal,
        'at least',
      ),
      ...(worst
        ? [ratio(`the worst of them (${worst.name})`, worst.gflops, worst.numpyGflops, goal, 'at least')]
        : []),
    ];
  });
  return { findings, raw: result };
}

function measureSteps(settings: Settings): Measurement {
  const findings: Finding[] = [];
  const raw: Record<string, unknown> = {};
  for (const { accumulation, steps, share } of [
    { accumulation: 1, steps: 5, share: 0.75 },
    { accumulation: 4, steps: 2, share: 0.85 },
  ]) {
    const flags = ['--threads', settings.threads, '--accumulation', `${accumulation}`, '--steps', `${steps}`];
    const { ours, theirs } = inTurns(
      settings,
      () => measure<StepResult>(process.execPath, [program('train-step'), ...flags]),
      (python) => measure<PeerStep>(python, [peer('hf_trainer_step'), ...flags]),
    );
    raw[`accumulation ${accumulation}`] = { ours, theirs };
    const what = `step of 124M, ${accumulation} x 512 tokens`;
    const memory = (results: readonly { readonly peakMemoryBytes: number }[]) =>
      median(results.map(({ peakMemoryBytes }) => peakMemoryBytes / 1e9));
    const speed = (results: readonly { readonly tokensPerSecond: number }[]) =>
      median(results.map(({ tokensPerSecond }) => tokensPerSecond));
    const products = ours.flatMap((our) => our.products ?? []);
    const gemmRate = median(products.map(({ flops }) => flops / 1e9));
    findings.push(
      ratio(`${what}: tokens/s`, speed(ours), speed(theirs), 1.5, 'at least'),
      ratio(`${what}: peak memory, GB`, memory(ours), memory(theirs), 1, 'at most'),
      against(
        `${what}: 6 x parameters x tokens/s, GFLOP/s, over our GEMM at its shapes`,
        median(products.map(({ share, flops }) => (share * flops) / 1e9)).toFixed(1),
        gemmRate.toFixed(1),
        median(products.map(({ share }) => share)),
        share,
        'at least',
      ),
    );
  }
  return { findings, raw };
}

function measureDialogues(settings: Settings): Measurement {
  const findings: Finding[] = [];
  const raw: Record<string, unknown> = {};
  for (const { unit, name, dialogues } of [
    { unit: 'conversation', name: 'conversations', dialogues: '32' },
    { unit: 'exchange', name: 'exchanges of two turns', dialogues: '128' },
    { unit: 'reply', name: 'conversations, the peer a reply an example', dialogues: '16' },
  ]) {
    const what = `${name}, at most 128 tokens: supervised tokens/s`;
    const { data, threads } = settings;
    if (data === undefined) {
      findings.push(missing(what, 'at least 3'));
      continue;
    }
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    const encoded = join(folder, 'dialogues.json');
    const flags = ['--data', data, '--threads', threads, '--unit', unit, '--dialogues', dialogues];
    const ours = [program('dialogues'), ...flags];
    try {
      const written = measure<WrittenDialogues>(process.execPath, [...ours, '--write', encoded]);
      // The Trainer gets as many dialogues per step as our packed sequences contain on average. For replies with all
      // earlier turns, that would not fit into memory, so it gets its default batch size.
      const batch = String(unit === 'reply' ? 8 : Math.round(written.dialoguesPerStep));
      const theirs = [
        peer('hf_trainer_dialogues'),
        '--threads',
        threads,
        '--dialogues',
        encoded,
        '--batch',
        batch,
      ];
      const results = inTurns(
        settings,
        () => measure<DialoguesResult>(process.execPath, ours),
        (python) => measure<PeerDialogues>(python, theirs),
      );
      raw[unit] = { ...results, peerBatch: batch };
      findings.push(
        ratio(what, supervisedSpeed(results.ours), supervisedSpeed(results.theirs), 3, 'at least'),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { findings, raw };
}

function supervisedSpeed(results: readonly { readonly supervisedTokensPerSecond: number }[]): number {
  return median(results.map(({ supervisedTokensPerSecond }) => supervisedTokensPerSecond));
}

function measureDecode(settings: Settings): Measurement {
  const flags = ['--threads', settings.threads];
  const decode = (weights: string) =>
    measure<DecodeResult>(process.execPath, [program('decode'), ...flags, '--weights', weights]);
  const { ours, theirs } = inTurns(
    settings,
    () => ({ fp32: decode('fp32'), bf16: decode('bf16') }),
    (python) => ({
      float32: measure<PeerDecode>(python, [peer('hf_generate'), ...flags]),
      bfloat16: measure<PeerDecode>(python, [peer('hf_generate'), ...flags, '--type', 'bfloat16']),
    }),
  );
  const raw: Record<string, unknown> = { ours, theirs };
  const findings: Finding[] = [];
  const rate = (results: readonly { readonly tokensPerSecond: number }[]) =>
    median(results.map(({ tokensPerSecond }) => tokensPerSecond));
  const first = (results: readonly { readonly secondsToFirstToken: number }[]) =>
    median(results.map(({ secondsToFirstToken }) => secondsToFirstToken));
  const float32 = theirs.map((their) => their.float32);
  for (const [weights, goal] of [
    ['fp32', 2],
    ['bf16', 4],
  ] as const) {
    const own = ours.map((our) => our[weights]);
    const bandwidth = median(own.map(({ readBandwidth }) => readBandwidth));
    const read = median(own.map(({ tokensPerSecond, weightBytes }) => tokensPerSecond * weightBytes));
    findings.push(
      ratio(`a token of 124M, weights in ${weights}: tokens/s`, rate(own), rate(float32), goal, 'at least'),
      against(
        `the same: weights read, GB/s, over the memory's bandwidth`,
        (read / 1e9).toFixed(1),
        (bandwidth / 1e9).toFixed(1),
        read / bandwidth,
        0.7,
        'at least',
      ),
      {
        ...ratio(
          `first token after 200, weights in ${weights}: the peer's seconds over ours`,
          first(float32),
          first(own),
          1.3,
          'at least',
        ),
        ours: first(own).toFixed(2),
        peer: first(float32).toFixed(2),
      },
    );
  }
  if (settings.model !== undefined) {
    const result = measure<WeightPrecisionResult>(process.execPath, [
      program('weight-precision'),
      ...['--model', settings.model],
    ]);
    raw['weight precision'] = result;
    const { fp32, bf16 } = result.perplexity;
    findings.push(
      against(
        'perplexity with weights in bf16, over float32',
        bf16.toFixed(3),
        fp32.toFixed(3),
        bf16 / fp32,
        1.01,
        'at most',
      ),
    );
  } else findings.push(missing('perplexity with weights in bf16, over float32', 'at most 1.01'));
  return { findings, raw };
}

function measureStartup(): Measurement {
  const result = measure<StartupResult>(process.execPath, [program('startup')]);
  const line = (what: string, seconds: number, goal: number): Finding =>
    against(
      `${what}, s`,
      seconds.toFixed(3),
      `node -e 0: ${result.node.toFixed(3)}`,
      seconds,
      goal,
      'at most',
    );
  return {
    findings: [
      line('quickstart, command to first step', result.firstStep, 3),
      line('the same with --eval-ratio 0', result.firstStepUnevaluated, 3),
      line('chatbot-train --help', result.help, 0.15),
    ],
    raw: result,
  };
}

/** There is one file per day and processor. Measurements that --only leaves out keep their earlier results in it. */
function resultsPath(): string {
  const folder = fileURLToPath(new URL('../../bench/results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  return join(
    folder,
    `${date}-${processorName()
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')}.json`,
  );
}
