// Reranking by a reversed model. Its losses equal those of transformers on the reversed text, no matter how candidates share
// forward passes, and the two models of a conversation cannot be swapped.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Device } from '../src/device/device.js';
import { planMemory, totalBytes } from '../src/device/memory-plan.js';
import { MmiReranker } from '../src/generate/mmi.js';
import { checkChatModel, checkMmiModel } from '../src/generate/mmi-models.js';
import { GPT2 } from '../src/nn/gpt2.js';
import type { GPT2Config } from '../src/nn/gpt2-config.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { TrainingPass } from '../src/nn/training-pass.js';
import { gpt2Tokenizer } from '../src/tokenizer/gpt2-tokenizer.js';
import { openTokenizer } from '../src/tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../src/tokenizer/tokenizer.js';
import { openModelFolder } from '../src/weights/model-folder.js';
import { goldenBatch } from './golden-model.js';
import { refusal } from './refusal.js';
import { repositoryRoot } from './repository.js';
import { makeTinyModel, scratchFolder, tinyConfig } from './tiny-run.js';

const reversedConfig: GPT2Config = { ...tinyConfig, dialogueOrder: 'reversed' };
const folder = makeTinyModel(join(scratchFolder('mmi'), 'reversed'), reversedConfig);

function load(device: Device): GPT2 {
  const { config, names, read } = openModelFolder(folder);
  const model = new GPT2(device, config, { trainable: false });
  for (const name of names) model.parameters.load(device, name, read(name));
  return model;
}

const history = ['do you like tea', 'yes a lot', 'and where do you live?'];
const candidates = ['in a computer', "I don't know.", 'in a computer', 'at home, over the sea', 'no'];

describe('MmiReranker', () => {
  let device: Device;
  let model: GPT2;
  let tokenizer: Tokenizer;
  let reranker: MmiReranker;
  before(() => {
    device = createCpuDevice({ threads: 2 });
    model = load(device);
    tokenizer = openTokenizer(folder);
    reranker = new MmiReranker(new ScoringPass(model, { capacity: 1024 }), tokenizer);
  });
  after(() => device.dispose());

  const lossesOf = (turns: readonly string[], texts: readonly string[], by = reranker) =>
    by.score(turns, texts).map(({ loss }) => loss);

  function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
    assert.equal(actual.length, expected.length);
    for (const [index, loss] of actual.entries()) {
      const apart = Math.abs(loss - (expected[index] ?? Number.NaN));
      assert.ok(apart < tolerance, `candidate ${index}: ${loss} and ${expected[index]}`);
    }
  }

  interface Golden {
    readonly history: readonly string[];
    readonly candidates: readonly string[];
    readonly losses: readonly number[];
    readonly kept_turns: number;
  }
  const goldens: readonly Golden[] = JSON.parse(
    readFileSync(join(repositoryRoot, 'test/goldens/gpt2/mmi.json'), 'utf8'),
  );
  for (const golden of goldens)
    test(`has the losses of transformers: ${golden.kept_turns} of ${golden.history.length} turns`, () => {
      assertClose(lossesOf(golden.history, golden.candidates), golden.losses, 1e-5);
    });

  test('has the losses of transformers on other texts, tokenized by transformers', (t) => {
    const python = process.env.CHATBOT_TRAIN_PYTHON;
    if (python === undefined)
      return t.skip('CHATBOT_TRAIN_PYTHON does not name a Python with torch and transformers');
    const script = `
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, history, candidates = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder).eval()
def turn(text): return tokenizer(text).input_ids + [tokenizer.eos_token_id]
source = [token for text in reversed(history) for token in turn(text)]
losses = []
for text in candidates:
    ids = torch.tensor([turn(text) + source])
    labels = ids.clone()
    labels[0, : len(turn(text))] = -100
    with torch.no_grad(): losses.append(model(ids, labels=labels).loss.item())
model.save_pretrained(folder + "/again")
print(json.dumps({"losses": losses, "kept": model.config.dialogue_order}))`;
    const turns = ['hello there', 'do you like tea?', 'yes'];
    const texts = ['a lot', 'the other one', "I don't"];
    const { status, stdout, stderr } = spawnSync(
      python,
      ['-c', script, folder, JSON.stringify(turns), JSON.stringify(texts)],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    const theirs: { losses: number[]; kept: unknown } = JSON.parse(stdout);
    assertClose(lossesOf(turns, texts), theirs.losses, 1e-5);
    assert.equal(theirs.kept, 'reversed');
    const again: unknown = JSON.parse(readFileSync(join(folder, 'again', 'config.json'), 'utf8'));
    assert.ok(typeof again === 'object' && again !== null && 'dialogue_order' in again);
    assert.equal(again.dialogue_order, 'reversed', 'what transformers saves is still marked');
    return undefined;
  });

  test('candidates have the same losses together and alone', () => {
    const alone = candidates.map((text) => lossesOf(history, [text])[0] ?? Number.NaN);
    assertClose(lossesOf(history, candidates), alone, 1e-6);
  });

  test('a pass with room for one candidate at a time gives the same losses', () => {
    const narrow = new MmiReranker(new ScoringPass(model, { capacity: 64 }), tokenizer);
    assertClose(lossesOf(history, candidates, narrow), lossesOf(history, candidates), 1e-6);
  });

  test('a pass with room for fewer tokens than the model can read drops turns instead of failing', () => {
    const short = new MmiReranker(new ScoringPass(model, { capacity: 40 }), tokenizer);
    assertClose(
      lossesOf(history, ['no'], short),
      lossesOf(['yes a lot', 'and where do you live?'], ['no']),
      1e-6,
    );
  });

  test('the same input gives the same bits', () => {
    assert.deepEqual(reranker.score(history, candidates), reranker.score(history, candidates));
  });

  test('reranking puts the best prediction of the source first and keeps the order of equals', () => {
    const ranked = reranker.rerank(history, candidates);
    const losses = ranked.map(({ loss }) => loss);
    assert.deepEqual(
      losses,
      losses.toSorted((one, other) => one - other),
    );
    assert.deepEqual(ranked.map(({ index }) => index).sort(), [0, 1, 2, 3, 4]);
    for (const { text, index } of ranked) assert.equal(text, candidates[index]);
    const twins = ranked.flatMap(({ index }, place) => (index === 0 || index === 2 ? [[index, place]] : []));
    assert.deepEqual(
      twins.map(([index]) => index),
      [0, 2],
    );
    assert.equal(twins[1]?.[1], (twins[0]?.[1] ?? 0) + 1, 'side by side');
  });

  test('duplicate candidates are computed once', () => {
    let rows = 0;
    const pass = new ScoringPass(model, { capacity: 256 });
    const counting = Object.create(pass, {
      losses: {
        value: (input: Parameters<ScoringPass['losses']>[0]) => {
          rows += input.tokens.length;
          return pass.losses(input);
        },
      },
    });
    const counted = new MmiReranker(counting, tokenizer);
    const [once] = lossesOf(history, ['no'], counted);
    const single = rows;
    assert.deepEqual(lossesOf(history, ['no', ' no\n', 'no'], counted), [once, once, once]);
    assert.equal(rows, 2 * single);
  });

  test('candidates without text come last, in the order given', () => {
    const ranked = reranker.rerank(history, ['', 'no', ' \n', 'yes']);
    assert.deepEqual(
      ranked.slice(2).map(({ index, loss }) => [index, loss]),
      [
        [0, Number.POSITIVE_INFINITY],
        [2, Number.POSITIVE_INFINITY],
      ],
    );
    assert.deepEqual(lossesOf(history, ['']), [Number.POSITIVE_INFINITY]);
    assert.deepEqual(reranker.score(history, []), []);
  });

  test('without a history all candidates are equal', () => {
    assert.deepEqual(
      reranker.rerank([' '], ['b', '', 'a']).map(({ index }) => index),
      [0, 2, 1],
    );
  });

  test('a model that outputs NaN keeps the given order', () => {
    const broken = new ScoringPass(model, { capacity: 256 });
    const nowhere = Object.create(broken, {
      losses: { value: () => new Float32Array(256).fill(Number.NaN) },
    });
    const ranked = new MmiReranker(nowhere, tokenizer).rerank(history, ['b', 'a']);
    assert.deepEqual(
      ranked.map(({ index }) => index),
      [0, 1],
    );
  });

  test('turns that do not fit with the longest candidate do not affect any score', () => {
    const long = 'a rather long candidate for so short a context';
    assert.deepEqual(lossesOf(history, [long, 'no']), lossesOf(history.slice(-1), [long, 'no']));
    assert.notDeepEqual(lossesOf(history, ['no']), lossesOf(history.slice(-1), ['no']));
  });
});

describe('ScoringPass', () => {
  let device: Device;
  before(() => {
    device = createCpuDevice({ threads: 2 });
  });
  after(() => device.dispose());
  const batch = goldenBatch([20, 3, 41], tinyConfig.vocabSize, 700);

  test('has the same losses as training', () => {
    const model = load(device);
    const losses = new ScoringPass(model, { capacity: 64 }).losses(batch);
    assert.equal(losses.length, batch.targets.length);
    const training = new TrainingPass(model, {
      capacity: 64,
      gradientCheckpointing: false,
      labelSmoothing: 0.3,
    });
    training.evaluate(batch);
    const sum = device.download(training.lossSum)[0] ?? Number.NaN;
    assert.ok(Math.abs(losses.reduce((total, loss) => total + loss, 0) / sum - 1) < 1e-6);
  });

  test('computes losses that match its logits', () => {
    const pass = new ScoringPass(load(device), { capacity: 64 });
    const logits = pass.logits(batch);
    const width = tinyConfig.vocabSize;
    for (const [index, loss] of pass.losses(batch).entries()) {
      const row = logits.subarray((batch.supervisedRows[index] ?? 0) * width).subarray(0, width);
      const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
      const expected = Math.log(total) - (row[batch.targets[index] ?? 0] ?? Number.NaN);
      assert.ok(Math.abs(loss - expected) < 1e-5, `${loss} and ${expected}`);
    }
  });

  test('allocates nothing after construction', (t) => {
    const pass = new ScoringPass(load(device), { capacity: 64 });
    const { mock } = t.mock.method(device, 'allocate');
    pass.losses(batch);
    pass.logits(batch);
    assert.equal(mock.callCount(), 0);
  });

  test('takes no more memory for more layers', () => {
    const bytes = (nLayer: number) => {
      const build = (counting: Device, pass: boolean) => {
        const model = new GPT2(counting, { ...tinyConfig, nLayer }, { trainable: false });
        if (pass) new ScoringPass(model, { capacity: 512 });
      };
      const [without, together] = [false, true].map((pass) =>
        totalBytes(planMemory(device, (counting) => build(counting, pass))),
      );
      return (together ?? 0) - (without ?? 0);
    };
    assert.equal(bytes(12), bytes(1));
  });

  test('refuses more tokens than its capacity', () => {
    const pass = new ScoringPass(load(device), { capacity: 63 });
    assert.throws(() => pass.losses(batch), /a batch of 64 tokens in a pass for 63/);
  });
});

describe('models that do not match', () => {
  const tokenizer = openTokenizer(folder);
  const chat = { name: 'results/mine', config: tinyConfig, tokenizer };
  const mmi = { name: 'results/mine-reverse', config: reversedConfig, tokenizer: openTokenizer(folder) };

  test('accepts one model of each kind', () => {
    checkChatModel(chat);
    checkMmiModel(mmi, chat);
    checkMmiModel({ ...mmi, tokenizer: gpt2Tokenizer() }, { ...chat, tokenizer: gpt2Tokenizer() });
  });

  test('refuses to chat with a reversed model', () => {
    assert.match(
      refusal('model', () => checkChatModel(mmi)),
      /^results\/mine-reverse was trained with --reverse.* and cannot chat; /,
    );
  });

  test('refuses to rerank with a model that is not reversed', () => {
    assert.match(
      refusal('model', () => checkMmiModel(chat, chat)),
      /^--mmi results\/mine was not trained on reversed conversations; train one with chatbot-train --reverse$/,
    );
  });

  test('requires the same tokenizer for both', () => {
    const differs = (changes: Partial<Tokenizer>) =>
      refusal('model', () => checkMmiModel({ ...mmi, tokenizer: { ...plain(tokenizer), ...changes } }, chat));
    const message =
      /^--mmi results\/mine-reverse has another tokenizer than results\/mine \(it encodes ".*" to other ids\); /;
    assert.match(
      refusal('model', () => checkMmiModel({ ...mmi, tokenizer: gpt2Tokenizer() }, chat)),
      message,
    );
    assert.match(differs({ endOfText: 3 }), message);
    // One token of the vocabulary that no sample text contains.
    const rare = tokenizer.decode([7]);
    assert.match(differs({ encode: (text) => (text === rare ? [8] : tokenizer.encode(text)) }), message);
    checkMmiModel({ ...mmi, tokenizer: plain(tokenizer) }, chat);
  });
});

/** The same tokenizer as a plain object. */
function plain(tokenizer: Tokenizer): Tokenizer {
  return {
    vocabularySize: tokenizer.vocabularySize,
    endOfText: tokenizer.endOfText,
    spelledTokens: tokenizer.spelledTokens,
    encode: (text) => tokenizer.encode(text),
    decode: (ids) => tokenizer.decode(ids),
    files: () => tokenizer.files(),
    identity: () => tokenizer.identity(),
  };
}
