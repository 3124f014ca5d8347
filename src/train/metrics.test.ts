import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { folderMaker } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import type { EvaluationEvent, StepEvent, TrainingEvent } from './events.js';
import { MetricsFile, readMetrics } from './metrics.js';

fc.configureGlobal({ seed: 1 });

const scratch = mkdtempSync(join(tmpdir(), 'metrics-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const emptyFolder = folderMaker(scratch);

const step = (number: number, change: Partial<StepEvent> = {}): StepEvent => ({
  kind: 'step',
  step: number,
  epoch: number / 4,
  loss: 2.5,
  learningRate: 5e-5,
  gradNorm: 0.75,
  tokensPerSecond: 1000,
  supervisedTokensPerSecond: 600,
  ...change,
});

const evaluation = (number: number, change: Partial<EvaluationEvent> = {}): EvaluationEvent => ({
  kind: 'evaluation',
  step: number,
  epoch: number / 4,
  evalLoss: 2,
  perplexity: 7.5,
  seconds: 0.5,
  best: true,
  exactMatch: { trained: { exact: 7, of: 9 }, heldOut: null },
  samples: [{ prompt: 'Hi', reply: 'Hello\n"there"', reference: '你好' }],
  ...change,
});

function write(folder: string, resumedAt: number | null, events: readonly TrainingEvent[]): string {
  const file = new MetricsFile(folder, resumedAt);
  for (const event of events) file.write(event);
  file.close();
  return join(folder, 'metrics.jsonl');
}

describe('MetricsFile', () => {
  it('writes one JSON object a line, with the names of the Trainer', () => {
    const path = write(emptyFolder(), null, [step(4), evaluation(4, { samples: [] })]);
    assert.deepEqual(readFileSync(path, 'utf8').split('\n'), [
      '{"step":4,"epoch":1,"loss":2.5,"learning_rate":0.00005,"grad_norm":0.75,"tokens_per_second":1000,"supervised_tokens_per_second":600}',
      '{"step":4,"epoch":1,"eval_loss":2,"perplexity":7.5,"seconds":0.5,"best":true,"train_exact_match":0.7777777777777778,"train_questions":9,"samples":[]}',
      '',
    ]);
  });

  it('leaves checkpoints out', () => {
    const path = write(emptyFolder(), null, [{ kind: 'checkpoint', step: 1, folder: 'checkpoint-1' }]);
    assert.equal(readFileSync(path, 'utf8'), '');
  });

  it('writes NaN and infinity as null', () => {
    const path = write(emptyFolder(), null, [
      step(1, { loss: Number.NaN, gradNorm: Number.POSITIVE_INFINITY }),
    ]);
    const record = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(record.loss, null);
    assert.equal(record.grad_norm, null);
    assert.deepEqual(readMetrics(path), [step(1, { loss: Number.NaN, gradNorm: Number.NaN })]);
  });

  it('starts empty for a new run', () => {
    const folder = emptyFolder();
    write(folder, null, [step(1)]);
    const path = write(folder, null, [step(2)]);
    assert.deepEqual(readMetrics(path), [step(2)]);
  });

  it('keeps the permissions of a file that it shortens', { skip: process.platform === 'win32' }, () => {
    const folder = emptyFolder();
    const path = write(folder, null, [step(1), step(2)]);
    chmodSync(path, 0o640);
    write(folder, 1, [step(2)]);
    assert.equal(statSync(path).mode & 0o777, 0o640);
  });

  it('drops what lies after the checkpoint of a resumed run, and keeps the rest to the byte', () => {
    const folder = emptyFolder();
    write(folder, null, [evaluation(0), step(2), step(4), evaluation(4), step(6)]);
    const path = write(folder, 4, [step(6), evaluation(8)]);
    const resumed = readFileSync(path, 'utf8');
    const uninterrupted = write(emptyFolder(), null, [
      evaluation(0),
      step(2),
      step(4),
      evaluation(4),
      step(6),
      evaluation(8),
    ]);
    assert.equal(resumed, readFileSync(uninterrupted, 'utf8'));
  });

  it('drops a torn last line, wherever it is torn', () => {
    const whole = `${JSON.stringify({ step: 1, epoch: 0.25, loss: 2 })}\n`;
    const last = '{"step":2,"epoch":0.5,"loss":1.5,"learning_rate":1e-5}';
    for (let length = 0; length < last.length; length++) {
      const folder = emptyFolder();
      writeFileSync(join(folder, 'metrics.jsonl'), whole + last.slice(0, length));
      new MetricsFile(folder, 9).close();
      assert.equal(readFileSync(join(folder, 'metrics.jsonl'), 'utf8'), whole);
    }
  });

  it('ends a last line that only lacks its end', () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'metrics.jsonl'), '{"step":1,"loss":2}');
    const path = write(folder, 1, [step(2)]);
    assert.deepEqual(
      readMetrics(path).map((event) => event.step),
      [1, 2],
    );
  });

  it('is a UserError where the path is a folder', () => {
    const folder = emptyFolder();
    mkdirSync(join(folder, 'metrics.jsonl'));
    assert.throws(() => new MetricsFile(folder, null), UserError);
  });
});

describe('readMetrics', () => {
  it('has nothing to say of a run without metrics', () => {
    const path = join(emptyFolder(), 'metrics.jsonl');
    assert.ok(!existsSync(path));
    assert.deepEqual(readMetrics(path), []);
  });

  it('reads back what was written', () => {
    const number = fc.oneof(fc.double({ noDefaultInfinity: true }), fc.constant(Number.NaN));
    const sample = fc.record(
      {
        prompt: fc.string(),
        reply: fc.string({ unit: anyCharacter }),
        reference: fc.string(),
      },
      { noNullPrototype: true },
    );
    const someStep = fc.record({
      kind: fc.constant('step' as const),
      step: fc.nat(),
      epoch: number,
      loss: number,
      learningRate: number,
      gradNorm: number,
      tokensPerSecond: number,
      supervisedTokensPerSecond: number,
    });
    const match = fc.option(
      fc
        .integer({ min: 1, max: 1000 })
        .chain((of) =>
          fc.record(
            { exact: fc.integer({ min: 0, max: of }), of: fc.constant(of) },
            { noNullPrototype: true },
          ),
        ),
    );
    const someEvaluation = fc.record({
      kind: fc.constant('evaluation' as const),
      step: fc.nat(),
      epoch: number,
      evalLoss: number,
      perplexity: number,
      seconds: number,
      best: fc.boolean(),
      samples: fc.array(sample, { maxLength: 3 }),
      exactMatch: fc.record({ trained: match, heldOut: match }, { noNullPrototype: true }),
    });
    const withoutNegativeZero = (events: readonly TrainingEvent[]): unknown =>
      events.map((event) => Object.entries(event).map(([key, value]) => [key, value === 0 ? 0 : value]));
    fc.assert(
      fc.property(fc.array(fc.oneof(someStep, someEvaluation), { maxLength: 6 }), (events) => {
        const path = write(emptyFolder(), null, events);
        assert.deepEqual(withoutNegativeZero(readMetrics(path)), withoutNegativeZero(events));
      }),
      { numRuns: 50 },
    );
  });

  it('survives any bytes and still finds the whole lines among them', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (before, behind) => {
        const folder = emptyFolder();
        const path = join(folder, 'metrics.jsonl');
        writeFileSync(path, before);
        appendFileSync(path, '\n{"step":3,"loss":1}\n');
        appendFileSync(path, behind);
        assert.ok(readMetrics(path).some((event) => event.step === 3));
      }),
      { numRuns: 50 },
    );
  });

  it('leaves out lines that are no metrics', () => {
    const path = join(emptyFolder(), 'metrics.jsonl');
    const lines = [
      'null',
      '[]',
      '7',
      '{}',
      '{"step":"1","loss":1}',
      '{"step":1.5,"loss":1}',
      '{"step":-1,"loss":1}',
      '{"step":1}',
      '{"step":2,"eval_loss":1,"samples":[1,{"prompt":"a"}]}',
    ];
    writeFileSync(path, lines.join('\n'));
    const [only, ...others] = readMetrics(path);
    assert.deepEqual(others, []);
    assert.deepEqual(
      only,
      evaluation(2, {
        epoch: Number.NaN,
        evalLoss: 1,
        perplexity: Number.NaN,
        seconds: Number.NaN,
        best: false,
        samples: [],
        exactMatch: { trained: null, heldOut: null },
      }),
    );
  });
});
