// `chatbot-train --reverse` from the command line: what the model learns, how its folder records the direction, and that runs
// and models of different directions cannot be mixed.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { completeOptions } from '../src/config/schema.js';
import { trainOptions } from '../src/config/train-options.js';
import { TextConversations } from '../src/corpus/conversations.js';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { MmiReranker } from '../src/generate/mmi.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { openTokenizer } from '../src/tokenizer/open-tokenizer.js';
import { checkpointSteps } from '../src/train/checkpoint.js';
import { prepareData } from '../src/train/data.js';
import { openModelFolder, readModelConfig } from '../src/weights/model-folder.js';
import { listing, makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('reverse');
const model = makeTinyModel(join(root, 'model'));

/** One answer for each question, and bland replies that answer none of them. */
const pairs = [
  ['how are you', 'fine thanks'],
  ['what is your name', 'i am a bot'],
  ['do you like tea', 'yes a lot'],
  ['where do you live', 'in a computer'],
] as const;
const data = join(root, 'chats.json');
writeFileSync(
  data,
  JSON.stringify(
    Array.from({ length: 48 }, (_, index) => {
      const [text, response] = pairs[index % pairs.length] ?? [];
      return { text, response };
    }),
  ),
);

const words = (output: string, ...more: readonly string[]) => [
  ...['--model', model, '--data', data, '--output-dir', join(root, output), '--threads', '2'],
  ...['--max-length', '64', '--batch-size', '4', '--lr', '1e-2', '--dropout', '0', '--eval-ratio', '0'],
  ...more,
];
const train = (output: string, ...more: readonly string[]) => trainHere(words(output, ...more));

function orderIn(...place: readonly string[]): unknown {
  const config: unknown = JSON.parse(readFileSync(join(root, ...place, 'config.json'), 'utf8'));
  return typeof config === 'object' && config !== null && 'dialogue_order' in config
    ? config.dialogue_order
    : undefined;
}

before(async () => {
  const [reversed, forward] = await Promise.all([
    train('reversed', '--reverse', '--max-steps', '80', '--save-steps', '40'),
    train('forward', '--max-steps', '2'),
  ]);
  assert.equal(reversed.code, 0, reversed.stderr);
  assert.equal(forward.code, 0, forward.stderr);
  assert.match(reversed.stderr, /^note: --reverse: each turn is learned from the turns after it; /m);
});

test('the model predicts the question from its reply', () => {
  const folder = join(root, 'reversed');
  const device = createCpuDevice({ threads: 2 });
  try {
    const { config, names, read } = openModelFolder(folder);
    const gpt2 = new GPT2(device, config, { trainable: false });
    for (const name of names) gpt2.parameters.load(device, name, read(name));
    const reranker = new MmiReranker(new ScoringPass(gpt2, { capacity: 256 }), openTokenizer(folder));
    const answers = pairs.map(([, answer]) => answer);
    for (const [question, answer] of pairs) {
      const [best, second] = reranker.rerank([question], answers);
      assert.equal(best?.text, answer, question);
      assert.ok((best?.loss ?? 9) < 0.2, `${question}: ${best?.loss}`);
      assert.ok((second?.loss ?? 0) > (best?.loss ?? 9) + 0.5, `${question}: ${second?.loss}`);
    }
  } finally {
    device.dispose();
  }
});

test('the folder, its checkpoints and copies record that the model is reversed; an ordinary folder records nothing', () => {
  assert.deepEqual(checkpointSteps(join(root, 'reversed')), [40, 80]);
  for (const place of [['reversed'], ['reversed', 'checkpoint-40'], ['reversed', 'checkpoint-80']])
    assert.equal(orderIn(...place), 'reversed');
  cpSync(join(root, 'reversed'), join(root, 'copy'), { recursive: true });
  assert.equal(readModelConfig(join(root, 'copy')).dialogueOrder, 'reversed');
  assert.equal(orderIn('forward'), undefined);
  assert.equal(readModelConfig(join(root, 'forward')).dialogueOrder, 'forward');
});

describe('further training', () => {
  test('of a resumed run with --reverse keeps the mark', async () => {
    cpSync(join(root, 'reversed', 'checkpoint-40'), join(root, 'resumed', 'checkpoint-40'), {
      recursive: true,
    });
    const { code, stderr } = await train('resumed', '--reverse', '--max-steps', '42', '--resume');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /continuing after step 40$/m);
    assert.equal(orderIn('resumed', 'checkpoint-42'), 'reversed');
    assert.equal(orderIn('resumed'), 'reversed');
  });

  test('of a reversed model in a new run keeps the mark', async () => {
    const { code, stderr } = await trainHere([
      ...words('further', '--reverse', '--max-steps', '1').slice(2),
      ...['--model', join(root, 'reversed')],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(orderIn('further'), 'reversed');
  });

  test('on reversed conversations can start from a model that was fine-tuned forward', async () => {
    const { code, stderr } = await trainHere([
      ...words('turned', '--reverse', '--max-steps', '1').slice(2),
      ...['--model', join(root, 'forward')],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(orderIn('turned'), 'reversed');
  });
});

describe('mixed directions', () => {
  for (const [name, run, flags, says] of [
    [
      'a reversed run is not resumed without --reverse',
      'reversed',
      [],
      /belongs to a run with --reverse and cannot be resumed without it; pass --reverse again/,
    ],
    [
      'an ordinary run is not resumed with --reverse',
      'forward',
      ['--reverse'],
      /belongs to a run without --reverse and cannot be resumed with it; leave out --reverse, or /,
    ],
  ] as const)
    test(name, async () => {
      const earlier = listing(join(root, run));
      const { code, stderr } = await train(run, '--max-steps', '90', '--resume', '--quiet', ...flags);
      assert.match(stderr, says);
      assert.match(stderr, /^error: [^\n]*\n$/);
      assert.equal(code, 2);
      assert.deepEqual(listing(join(root, run)), earlier);
    });

  test('a reversed model is not trained without --reverse', async () => {
    for (const dry of [[], ['--dry-run']]) {
      const { code, stderr } = await trainHere([
        ...words('never', '--max-steps', '1', '--quiet', ...dry).slice(2),
        ...['--model', join(root, 'reversed')],
      ]);
      assert.match(
        stderr,
        /^error: --model .*reversed was trained with --reverse, .*; pass --reverse again, or name another model\n$/,
      );
      assert.equal(code, 2);
      assert.ok(!readdirSync(root).includes('never'));
    }
  });

  test('a folder with an unknown direction is refused', async () => {
    const odd = join(root, 'odd');
    cpSync(model, odd, { recursive: true });
    const config: object = JSON.parse(readFileSync(join(odd, 'config.json'), 'utf8'));
    writeFileSync(join(odd, 'config.json'), JSON.stringify({ ...config, dialogue_order: 'sideways' }));
    const { code, stderr } = await trainHere([
      ...words('never', '--max-steps', '1', '--quiet', '--reverse').slice(2),
      ...['--model', odd],
    ]);
    assert.match(
      stderr,
      /^error: .*config\.json: dialogue_order must be "forward" or "reversed", found "sideways"\n$/,
    );
    assert.equal(code, 4);
  });
});

describe('the data of a reversed run', () => {
  const options = completeOptions(trainOptions, []);
  const say = (text: string) => ({ text, supervised: true });
  const dialogues = pairs.map(([text, response]) => ({ turns: [say(text), say(response)], source: 'test' }));
  const prepared = (reverse: boolean) =>
    prepareData(
      {
        train: TextConversations.of(dialogues),
        evaluation: TextConversations.of(dialogues.slice(0, 1)),
        replay: null,
        notes: [],
      },
      { ...options, reverse, perDeviceTrainBatchSize: 8 },
      openTokenizer(model),
      64,
    );

  test('sample prompts leave out the turn that the model should predict', () => {
    assert.deepEqual(prepared(true).prompts, [{ turns: ['fine thanks'], reference: 'how are you' }]);
    assert.deepEqual(prepared(false).prompts, [{ turns: ['how are you'], reference: 'fine thanks' }]);
  });

  test('has another fingerprint', () => {
    assert.notDeepEqual(prepared(true).fingerprints, prepared(false).fingerprints);
  });

  test('supervises the question, not the answer', () => {
    const tokenizer = openTokenizer(model);
    const { counts } = prepared(true);
    const asked = pairs.map(([question]) => tokenizer.encode(question).length + 1);
    assert.equal(
      counts.supervisedTokens,
      asked.reduce((sum, length) => sum + length, 0),
    );
  });
});
