// Fuzz targets for the other files that a run reads: the config file, the state of a checkpoint, the metrics, and the
// history of a chat.

import { join } from 'node:path';
import { HistoryFile } from '../../../src/cli/chat/history.js';
import { readConfigFile } from '../../../src/config/file.js';
import { damageOf, readChecksums } from '../../../src/files/checksums.js';
import { recordedOption } from '../../../src/train/checkpoint.js';
import { readMetrics } from '../../../src/train/metrics.js';
import { renderReport } from '../../../src/train/report/report.js';
import { readState } from '../../../src/train/run-state.js';
import { mutateBytes } from '../mutate-bytes.js';
import { mutateJson } from '../mutate-json.js';
import { mutateText } from '../mutate-text.js';
import { fileOf, type Target, withFiles } from '../target.js';

const yamlWords = [
  '- ',
  ': ',
  '? ',
  '&a ',
  '*a',
  '!!map ',
  '<<: ',
  '{',
  '}',
  '[',
  ']',
  '|',
  '>',
  '#',
  '---',
  '%YAML 9',
  '\t',
  '0x',
  '.nan',
  'yes',
  '!!js/function ',
];

export const yaml: Target = {
  about: 'the config file of a run',
  seeds: [
    Buffer.from('# A run.\nmodel: preset:tiny # fresh\ndata:\n  - "a.json"\n  - b/\nmax-steps: 3\n'),
    Buffer.from('model: tiny\ndata: [a.json, b/]\nlearning_rate: 1e-4\nnoPacking: true\n'),
    Buffer.from('{"model": "tiny", "data": "a.json", "max-steps": 3}'),
  ].map((bytes) => new Map([['run.yaml', bytes]])),
  mutate: (seed, dice, other) =>
    withFiles(seed, {
      'run.yaml': mutateText(
        fileOf(seed, 'run.yaml').toString(),
        dice,
        yamlWords,
        fileOf(other, 'run.yaml').toString(),
      ),
    }),
  async read(folder) {
    await readConfigFile(join(folder, 'run.yaml'));
  },
};

/** The state in checkpoints of different versions. */
const state = {
  global_step: 12,
  epoch: 0.5,
  updates: 12,
  evaluated_step: 10,
  starting_eval_loss: 4.2,
  last_eval_loss: 3.1,
  best_eval_loss: 3.1,
  best_step: 10,
  evaluations_without_improvement: 0,
  stopped_early: false,
  train_loss_sum: 40.5,
  logged_updates: 10,
  loss_sum_since_logged: 6,
  tokens: 1000,
  supervised_tokens: 500,
  training_seconds: 1.5,
  broken_steps: 0,
  loss_scale: { scale: 1024, updates: 3 },
  data_fingerprint: '0123456789abcdef',
};

export const trainerState: Target = {
  about: 'trainer_state.json, training_args.json and SHA256SUMS of a checkpoint',
  seeds: [
    new Map([
      ['trainer_state.json', Buffer.from(JSON.stringify(state, null, 2))],
      ['training_args.json', Buffer.from('{"model": "tiny", "learningRate": 0.001}')],
      ['SHA256SUMS', Buffer.from(`${'0'.repeat(64)}  trainer_state.json\n${'a'.repeat(64)}  ..\n`)],
    ]),
  ],
  mutate(seed, dice) {
    const name = dice.pick(['trainer_state.json', 'trainer_state.json', 'training_args.json', 'SHA256SUMS']);
    const bytes = fileOf(seed, name);
    const isJson = name.endsWith('.json') && !dice.chance(4);
    const mutant = isJson ? mutateJson(JSON.parse(bytes.toString()), dice) : mutateBytes(bytes, dice, bytes);
    return withFiles(seed, { [name]: mutant });
  },
  read(folder) {
    readState(join(folder, 'trainer_state.json'));
    recordedOption(folder, 'model');
    const sums = readChecksums(folder);
    if (sums instanceof Map) for (const [name, sum] of sums) damageOf(folder, name, sum);
  },
};

const metricLines = [
  {
    step: 1,
    epoch: 0.1,
    loss: 3.2,
    learning_rate: 1e-4,
    grad_norm: 1,
    tokens_per_second: 10,
    supervised_tokens_per_second: 5,
  },
  {
    step: 2,
    epoch: 0.2,
    eval_loss: 3,
    perplexity: 20,
    seconds: 1,
    best: true,
    samples: [{ prompt: 'Hi', reply: '<b>', reference: 'Hello' }],
  },
];

export const metrics: Target = {
  about: 'metrics.jsonl of a run, and the report that is made from it',
  seeds: [
    new Map([
      ['metrics.jsonl', Buffer.from(metricLines.map((line) => `${JSON.stringify(line)}\n`).join(''))],
    ]),
  ],
  mutate(seed, dice) {
    const lines = fileOf(seed, 'metrics.jsonl').toString().split('\n');
    const at = dice.below(lines.length - 1);
    if (!dice.chance(4)) {
      lines[at] = mutateJson(JSON.parse(lines[at] ?? 'null'), dice);
      return withFiles(seed, { 'metrics.jsonl': lines.join('\n') });
    }
    return withFiles(seed, {
      'metrics.jsonl': mutateText(lines.join('\n'), dice, ['{', '"step":', '-1'], lines.join('\n')),
    });
  },
  read(folder, files) {
    const measured = readMetrics(join(folder, 'metrics.jsonl'));
    // Rendering takes far longer than reading, so it runs for one mutant in eight.
    if (fileOf(files, 'metrics.jsonl').length % 8 > 0) return;
    renderReport(measured, { title: 't', date: 'd', summary: null, config: {}, environment: {} });
  },
};

export const history: Target = {
  about: 'the history of what was typed in a conversation',
  seeds: [new Map([['chat-history', Buffer.from('Hi\n/help\nHow are you?\n')]])],
  mutate: (seed, dice) =>
    withFiles(seed, {
      'chat-history': mutateText(
        fileOf(seed, 'chat-history').toString(),
        dice,
        ['/set', '"""', '\u001b[A'],
        '/exit',
      ),
    }),
  read(folder) {
    new HistoryFile(join(folder, 'chat-history')).read();
  },
};
