// The library as a program uses it, on the smallest model that can be trained.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { makeTinyCorpus, makeTinyModel, scratchFolder } from '../../test/tiny-run.js';
import {
  openChatModel,
  openTokenizer,
  planTraining,
  readCorpus,
  type TrainingProgress,
  train,
  UserError,
} from '../index.js';

const scratch = scratchFolder('library');
const model = makeTinyModel(join(scratch, 'model'));
const data = makeTinyCorpus(join(scratch, 'pairs.json'));
const trained = join(scratch, 'trained');
const base = { model, data, device: 'cpu', maxLength: 48, maxSteps: 4, threads: 1 } as const;

/** What a person is told of a call that is refused. */
async function refusal(action: () => Promise<unknown>): Promise<string> {
  const thrown = await action().then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof UserError)) assert.fail(`expected a UserError, got ${thrown}`);
  return thrown.message;
}

describe('train', () => {
  it('tells what happens and returns what came of it', async () => {
    const progress: TrainingProgress[] = [];
    const result = await train({
      ...base,
      outputDir: trained,
      evalSteps: 2,
      loggingSteps: 2,
      onProgress: (event) => progress.push(event),
    });
    assert.equal(result.steps, 4);
    assert.equal(result.outputDir, trained);
    assert.ok(result.savedStep !== null && Number.isFinite(result.trainLoss));
    const kinds = progress.map(({ kind }) => kind).filter((kind) => kind !== 'note');
    assert.equal(kinds[0], 'plan');
    assert.equal(kinds.filter((kind) => kind === 'step').length, 4);
    assert.equal(kinds.filter((kind) => kind === 'log').length, 2);
    assert.equal(kinds.filter((kind) => kind === 'evaluation').length, 3);
    assert.ok(kinds.includes('checkpoint') && existsSync(join(trained, 'model.safetensors')));
  });

  it('saves and ends when the signal is aborted, and continues from there', async () => {
    const outputDir = join(scratch, 'aborted');
    const stop = new AbortController();
    const result = await train({
      ...base,
      outputDir,
      signal: stop.signal,
      onProgress: ({ kind }) => kind === 'step' && stop.abort(),
    });
    assert.equal(result.savedStep, null);
    assert.ok(result.steps > 0 && result.steps < 4);
    assert.ok(readdirSync(outputDir).includes(`checkpoint-${result.steps}`));
    const rest = await train({ ...base, outputDir, resume: true });
    assert.equal(rest.steps, 4);
    assert.ok(rest.savedStep !== null);
  });

  it('does not begin when the signal is aborted already', async () => {
    const outputDir = join(scratch, 'never');
    const signal = AbortSignal.abort(new Error('not today'));
    await assert.rejects(train({ ...base, outputDir, signal }), /not today/);
    assert.ok(!existsSync(outputDir));
  });

  it('checks options as the command line does, and knows no others', async () => {
    const outputDir = join(scratch, 'refused');
    const wrong = (options: object) => refusal(() => train({ ...base, outputDir, ...options }));
    assert.match(await wrong({ learningRate: -1 }), /is -1 in the options, but must be a number above 0/);
    assert.match(await wrong({ learningrate: 1 }), /no option "learningrate"; did you mean learningRate\?/);
    assert.match(await wrong({ config: 'run.yaml' }), /no option "config"/);
    assert.match(await wrong({ data: [] }), /no conversations to train on/);
    assert.ok(!existsSync(outputDir));
  });
});

describe('planTraining', () => {
  it('says what a run would be and writes nothing', async () => {
    const outputDir = join(scratch, 'planned');
    const plan = await planTraining({ ...base, outputDir });
    assert.equal(plan.totalSteps, 4);
    assert.equal(plan.outputDir, outputDir);
    assert.ok(plan.dialogues > 0 && !existsSync(outputDir));
  });
});

describe('openChatModel', () => {
  let chat: Awaited<ReturnType<typeof openChatModel>>;
  before(async () => {
    chat = await openChatModel(trained, { device: 'cpu', threads: 1, maxNewTokens: 8, temperature: 0.9 });
  });

  it('gives the same text at once and piece by piece', async () => {
    const whole = await chat.reply(['hello', 'hello there', 'how are you'], { seed: 3 });
    const stream = chat.stream(['hello', 'hello there', 'how are you'], { seed: 3 });
    let text = '';
    let step = await stream.next();
    for (; !step.done; step = await stream.next()) text += step.value;
    assert.equal(text, whole.text);
    assert.deepEqual(
      { ...step.value, seconds: 0, secondsToFirstToken: 0 },
      { ...whole, seconds: 0, secondsToFirstToken: 0 },
    );
  });

  it('answers calls that overlap as it answers them one by one', async () => {
    const asked = ['hello', 'bye', 'where do you live'];
    const alone: string[] = [];
    for (const turn of asked) alone.push((await chat.reply(turn)).text);
    const together = await Promise.all(asked.map((turn) => chat.reply(turn)));
    assert.deepEqual(
      together.map(({ text }) => text),
      alone,
    );
  });

  it('lets the options of a reply win over those of the opening', async () => {
    const greedy = await chat.reply('hello', { greedy: true, maxNewTokens: 3 });
    assert.ok(greedy.tokens <= 3);
    const wrong = (options: object) => refusal(() => chat.reply('hello', options));
    assert.match(await wrong({ greedy: true, topP: 0.5 }), /contradict each other/);
    assert.match(await wrong({ candidates: 4 }), /4 candidates or beams are requested/);
    assert.match(await wrong({ device: 'cpu' }), /no option "device"/);
    assert.match(await refusal(() => chat.reply(['hello', ' '])), /a turn is empty/);
  });

  it('ends a reply whose signal is aborted or whose reader leaves', async () => {
    const { finishReason } = await chat.reply('hello', { signal: AbortSignal.abort() });
    assert.equal(finishReason, 'interrupted');
    for await (const piece of chat.stream('hello', { minNewTokens: 8 })) {
      assert.notEqual(piece, '');
      break;
    }
    assert.ok((await chat.reply('hello')).text !== undefined);
  });

  it('makes the replies that were asked for before it closes, and none after', async () => {
    const last = chat.reply('bye');
    await Promise.all([chat.close(), chat.close()]);
    assert.equal((await last).promptTokens > 0, true);
    await assert.rejects(chat.reply('hello'), /is closed/);
  });
});

it('opens a tokenizer by folder or preset', async () => {
  const tokenizer = await openTokenizer(model);
  assert.equal(tokenizer.decode(tokenizer.encode('hello there')), 'hello there');
  assert.equal((await openTokenizer('tiny')).endOfText, 4095);
});

it('reads a corpus', () => {
  const { dialogues, summary } = readCorpus([data]);
  assert.equal(dialogues.length, 36);
  assert.equal(summary.files[0]?.format, 'qa');
});
