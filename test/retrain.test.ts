// From accepted answers to a new model: it is taken if it is no worse, and left aside if it is.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { before, describe, it } from 'node:test';
import { openStore } from '../src/bots/store/open-store.js';
import { retrainCommand } from '../src/cli/rules/retrain.js';
import type { RetrainOption } from '../src/config/rules-options.js';
import { asyncRefusal } from './refusal.js';
import { makeTinyCorpus, makeTinyModel, scratchFolder } from './tiny-run.js';

const root = scratchFolder('retrain');
const [bot, model] = [join(root, 'shop.db'), join(root, 'model')];
const known = join(root, 'known.json');

async function retrain(options: Partial<Record<RetrainOption, unknown>>) {
  const [stdout, stderr] = [new PassThrough({ encoding: 'utf8' }), new PassThrough()];
  const all = { model, bot, evalData: [known], threads: 2, seed: 1, quiet: true, ...options };
  const given = new Map(
    Object.entries(all).map(([key, value]) => [key as RetrainOption, { value, where: 'in a test' }]),
  );
  const code = await retrainCommand(given, { stdout, stderr });
  return { code, out: String(stdout.read() ?? '') };
}

before(async () => {
  makeTinyModel(model);
  makeTinyCorpus(known, 12);
  const store = await openStore(bot, { create: true });
  for (let index = 0; index < 10; index++) {
    await store.submit({
      ...{ question: `do you like ${index}`, reason: 'unanswered', previous: null, said: null },
      ...{ proposed: null, time: 1, user: null },
    });
    const [entry] = await store.waiting(1);
    await store.decide([entry?.id ?? 0], 'yes a lot', index + 2);
  }
  await store.close();
});

describe('training a model further', () => {
  it('takes a model that is no worse, with some known conversations learned again', async () => {
    const outputDir = join(root, 'v2');
    const replay = [makeTinyCorpus(join(root, 'replay.json'), 24)];
    const { code, out } = await retrain({
      outputDir,
      replay,
      learningRate: 0.003,
      numTrainEpochs: 8,
      json: true,
    });
    assert.equal(code, 0, out);
    const result = JSON.parse(out) as {
      accepted: boolean;
      pairs: { learned: number; held_out: number };
      losses: { set: string; before: number; after: number }[];
    };
    assert.ok(result.accepted);
    assert.deepEqual(result.pairs, { learned: 8, held_out: 2 });
    assert.deepEqual(
      result.losses.map(({ set }) => set),
      ['known', 'new'],
    );
    for (const { before, after } of result.losses) assert.ok(after < before, `${before} ${after}`);
    assert.ok(existsSync(join(outputDir, 'model.safetensors')));
    assert.ok(!existsSync(`${outputDir}.candidate`));
    const lines = (name: string) =>
      readFileSync(join(`${outputDir}.data`, name), 'utf8')
        .trim()
        .split('\n');
    assert.deepEqual([lines('learned.jsonl').length, lines('held-out.jsonl').length], [8, 2]);
    assert.equal(statSync(join(`${outputDir}.data`, 'learned.jsonl')).mode & 0o777, 0o600);
    await asyncRefusal('usage', () => retrain({ outputDir }));
  });

  it('leaves a model aside that is worse, says on what, and exits with 1', async () => {
    const outputDir = join(root, 'v3');
    const { code, out } = await retrain({ outputDir, learningRate: 0.5, numTrainEpochs: 2, maxWorse: 0 });
    assert.equal(code, 1, out);
    assert.match(
      out,
      /not accepted: it is worse on .*; the old model stays, and the new one is in .*v3\.candidate\n$/,
    );
    assert.ok(!existsSync(outputDir));
    const report = readFileSync(join(`${outputDir}.candidate`, 'retrain.json'), 'utf8');
    assert.equal((JSON.parse(report) as { accepted: boolean }).accepted, false);
  });

  it('refuses to begin without a model, an old evaluation or enough answers', async () => {
    const outputDir = join(root, 'v4');
    assert.match(await asyncRefusal('usage', () => retrain({})), /name the model and --output-dir/);
    assert.match(
      await asyncRefusal('usage', () => retrain({ outputDir, evalData: [] })),
      /name what the old model was evaluated on/,
    );
    const empty = join(root, 'empty.db');
    await (await openStore(empty, { create: true })).close();
    assert.match(
      await asyncRefusal('data', () => retrain({ outputDir, bot: empty })),
      /has 0 accepted answers, and a training needs 5/,
    );
    writeFileSync(outputDir, '');
    assert.match(await asyncRefusal('usage', () => retrain({ outputDir })), /exists; name another/);
  });
});
