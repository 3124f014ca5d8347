// From an exported chat to a trained model: prepared without personal data and duplicates, and trained on as one person speaks.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { prepareCommand } from '../src/cli/data/prepare.js';
import type { Given } from '../src/config/schema.js';
import { corpusHash, trainedModels } from '../src/corpus/prepared/trained-models.js';
import { readCorpus } from '../src/corpus/read-corpus.js';
import { makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';
import { zipArchive } from './zip-archive.js';

const root = scratchFolder('prepared-training');

/** Ann answers Bob. Each dialogue is said twice, and every third has a phone number. */
function chat(): string {
  let time = Date.UTC(2024, 4, 6, 8);
  const said = (speaker: string, text: string, pause: number) => {
    time += pause;
    return `[${new Date(time).toISOString().slice(0, 19).replace('T', ', ')}] ${speaker}: ${text}\n`;
  };
  return Array.from({ length: 60 }, (_, index) => {
    const number = index >> 1;
    const answer =
      number % 3 === 0 ? `Sure, call +49 30 9018${1000 + number}` : `Number ${number} is fine, Bob`;
    return said('Bob', `What about number ${number}, Ann?`, 86_400_000) + said('Ann', answer, 60_000);
  }).join('');
}

test('a chat is prepared, and a model is trained on it', async () => {
  const out = join(root, 'corpus');
  const archive = join(root, 'WhatsApp Chat - Bob.zip');
  writeFileSync(archive, zipArchive({ '_chat.txt': chat() }));
  const given = { paths: [archive], out, learn: ['Ann'], redact: 'pii', dedupe: 'near', evalRatio: 0.2 };
  const [stdout, stderr] = [new PassThrough({ encoding: 'utf8' }), new PassThrough()];
  const flags = Object.entries(given).map(([key, value]) => [key, { value, where: 'in a test' }] as const);
  assert.equal(await prepareCommand(new Map<string, Given>(flags), { stdout, stderr }), 0);
  const result: unknown = stdout.read();
  assert.equal(result, `${out}: 24 dialogues to train on, 6 to evaluate on\n`);

  const texts = readCorpus([out]).dialogues.flatMap(({ turns }) => turns.map(({ text }) => text));
  for (const text of texts) assert.doesNotMatch(text, /Ann|Bob|9018/);
  assert.ok(texts.some((text) => text.includes('[PHONE]')));

  const { code, stderr: told } = await trainHere([
    ...['--model', makeTinyModel(join(root, 'model')), '--data', out, '--max-steps', '4'],
    ...['--max-length', '64', '--batch-size', '2', '--threads', '2', '--output-dir', join(root, 'run')],
  ]);
  assert.equal(code, 0, told);
  assert.match(told, /evaluates on .*eval\.jsonl\.gz, which was set aside when the corpus was prepared/);
  assert.deepEqual(
    trainedModels(out).map(({ folder, corpus }) => [folder, corpus]),
    [[join(root, 'run'), corpusHash(out)]],
  );
});

test('a run on the tokens of a corpus gives the weights of one on its text, also across a resume', async () => {
  const faq = join(root, 'faq.csv');
  const rows = Array.from({ length: 40 }, (_, index) => `what is ${index}?,it is number ${index}`);
  writeFileSync(faq, `question,answer\n${rows.join('\n')}\n`);
  const [model, corpus] = [makeTinyModel(join(root, 'tokens-model')), join(root, 'tokens-corpus')];
  const given = { paths: [faq], out: corpus, tokenizer: model, evalRatio: 0.2, quiet: true };
  const flags = Object.entries(given).map(([key, value]) => [key, { value, where: 'in a test' }] as const);
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  assert.equal(await prepareCommand(new Map<string, Given>(flags), streams), 0);
  const tokens = join(corpus, 'tokens');
  const aside = join(root, 'tokens-aside');
  cpSync(tokens, aside, { recursive: true });
  const train = async (out: string, steps: number, ...more: string[]) => {
    const { code, stderr } = await trainHere([
      ...['--model', model, '--data', corpus, '--max-steps', `${steps}`, '--lr-scheduler-type', 'constant'],
      ...[
        '--max-length',
        '64',
        '--batch-size',
        '2',
        '--threads',
        '2',
        '--output-dir',
        join(root, out),
        ...more,
      ],
    ]);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /token shards/);
    return readFileSync(join(root, out, 'model.safetensors'), 'hex');
  };
  await train('resumed', 3);
  rmSync(tokens, { recursive: true });
  const expected = await train('text', 6);
  assert.equal(await train('resumed', 6, '--resume'), expected);
  cpSync(aside, tokens, { recursive: true });
  // The checksum at the end stays, and nothing else of the text can be read.
  for (const name of ['train.jsonl.gz', 'eval.jsonl.gz']) {
    const bytes = readFileSync(join(corpus, name));
    writeFileSync(join(corpus, name), bytes.fill(0, 2, bytes.length - 8));
  }
  assert.equal(await train('tokens', 6), expected);
});
