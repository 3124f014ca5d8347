// From a first training to the replies that do not belong: answers that were swapped come first in the ranking of the model that
// was trained on them, and a corpus prepared with that ranking no longer has them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parsePrepared } from '../src/corpus/prepared/prepared-dialogue.js';
import { repositoryRoot } from './repository.js';
import { chatbotTrain, makeTinyModel, scratchFolder } from './tiny-run.js';

const root = scratchFolder('suspicious-training');
const data = join(repositoryRoot, 'dist/src/cli/data/main.js');

const questions = [
  'hello',
  'how are you',
  'what is your name',
  'do you like tea',
  'where do you live',
  'bye',
];
const answers = ['hello there', 'fine thanks', 'i am a bot', 'yes a lot', 'in a computer', 'see you soon'];
const pairs = Array.from({ length: 240 }, (_, index) => [
  `${questions[index % 6]} ${index}`,
  answers[index % 6] ?? '',
]);
/** Lines whose answers are swapped two by two, from 1. */
const swapped = [41, 102, 158, 203];
for (const [one = 0, other = 0] of [swapped.slice(0, 2), swapped.slice(2)]) {
  const [first, second] = [pairs[one - 1], pairs[other - 1]];
  if (first && second) [first[1], second[1]] = [second[1] ?? '', first[1] ?? ''];
}
const source = join(root, 'chats.jsonl');
writeFileSync(source, pairs.map((turns) => JSON.stringify({ turns })).join('\n'));

test('a model that was trained on swapped answers finds them', async () => {
  const model = join(root, 'run');
  const words = ['--data', source, '--model', makeTinyModel(join(root, 'model')), '--output-dir', model];
  const settings = ['--max-steps', '150', '--learning-rate', '3e-3', '--eval-ratio', '0', '--seed', '1'];
  const trained = await chatbotTrain([
    ...words,
    ...settings,
    '--device',
    'cpu',
    '--precision',
    'fp32',
    '--quiet',
  ]);
  assert.equal(trained.code, 0, trained.stderr);
  const run = (...more: readonly string[]) => {
    const ran = spawnSync(process.execPath, [data, ...more, '--device', 'cpu', '--quiet'], {
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stderr);
    return ran.stdout;
  };
  const inspected = JSON.parse(run('inspect', source, '--suspicious', model, '--top', '4', '--json'));
  const found = inspected.suspicious.highest.map((reply: { source: string }) => reply.source);
  assert.deepEqual(found.sort(), swapped.map((line) => `${source}:${line}`).sort());
  const out = join(root, 'corpus');
  const share = String(4 / pairs.length + 0.001);
  run(
    'prepare',
    source,
    '--out',
    out,
    '--eval-ratio',
    '0',
    '--suspicious',
    model,
    '--drop-suspicious',
    share,
  );
  const lines = gunzipSync(readFileSync(join(out, 'train.jsonl.gz')))
    .toString()
    .split('\n')
    .slice(0, -1);
  const left = new Set(lines.map((line) => parsePrepared(line, out).dialogue.source));
  assert.equal(left.size, pairs.length - 4);
  for (const line of swapped) assert.equal(left.has(`${source}:${line}`), false);
});
