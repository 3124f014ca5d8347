// The list of models that were trained on a prepared corpus.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, it } from 'node:test';
import { corpusHash, recordTraining, trainedModels } from './trained-models.js';

const root = mkdtempSync(join(tmpdir(), 'trained-models-'));
after(() => rmSync(root, { recursive: true }));

function corpusOf(name: string): string {
  const corpus = join(root, name);
  mkdirSync(corpus);
  writeFileSync(join(corpus, 'manifest.json'), '{"format": "chatbot-train prepared corpus", "version": 1}\n');
  writeFileSync(join(corpus, 'train.jsonl.gz'), '');
  return corpus;
}

it('records a training once for each state of the corpus, in whatever way the corpus is named', () => {
  const corpus = corpusOf('corpus');
  const first = corpusHash(corpus);
  recordTraining([corpus, root], 'results/one');
  recordTraining([join(corpus, 'train.jsonl.gz')], 'results/one');
  writeFileSync(join(corpus, 'manifest.json'), '{}\n');
  recordTraining([corpus], 'results/one');
  const models = trainedModels(corpus);
  assert.deepEqual(
    models.map(({ folder }) => folder),
    [resolve('results/one'), resolve('results/one')],
  );
  assert.deepEqual([models[0]?.corpus, models[1]?.corpus], [first, corpusHash(corpus)]);
});

it('leaves out damaged lines', () => {
  const corpus = corpusOf('damaged');
  recordTraining([corpus], 'one');
  const path = join(corpus, 'models.jsonl');
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"folder": 1}\n{"fol`);
  assert.equal(trainedModels(corpus).length, 1);
});

it('writes nothing through a link, and does not stop a training', () => {
  const corpus = corpusOf('linked');
  const other = join(root, 'other.txt');
  writeFileSync(other, 'mine\n');
  symlinkSync(other, join(corpus, 'models.jsonl'));
  recordTraining([corpus], 'one');
  assert.equal(readFileSync(other, 'utf8'), 'mine\n');
});
