import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deviceOnTiles } from '../../test/device/portable-tiles.js';
import { makeTinyModel, scratchFolder, tinyConfig } from '../../test/tiny-run.js';
import { flagMessageOf } from '../cli/flag-names.js';
import { createCpuDevice } from '../device/cpu/cpu-device.js';
import type { Device } from '../device/device.js';
import { UserError } from '../errors.js';
import { type ChatModel, openChatModel } from './chat-model.js';
import { defaultSettings } from './settings.js';

const root = scratchFolder('chat-model');
const chatFolder = makeTinyModel(join(root, 'chat'));
const reversedFolder = makeTinyModel(join(root, 'reversed'), { ...tinyConfig, dialogueOrder: 'reversed' });
const settings = { ...defaultSettings, maxNewTokens: 12 };

/** As on a processor that does not multiply bf16: whether it does would change what takes how much memory. */
function slowInBf16(): Device {
  const device = createCpuDevice({ threads: 2 });
  const bf16 = { computes: 'slow', stores: 'fast' } as const;
  return Object.assign(device, { precisions: { ...device.precisions, bf16 } });
}

let device: Device;
before(() => {
  device = slowInBf16();
});
after(() => device.dispose());

const open = (
  folder: string,
  { sequences = 1, mmi = null }: { sequences?: number; mmi?: string | null } = {},
) => openChatModel(folder, { device, weights: 'fp32', sequences, mmi });

/** A reply, and the pieces in which it was shown. */
async function ask(model: ChatModel, turns: readonly string[], changed = {}, candidates = 1) {
  const pieces: string[] = [];
  const watcher = { text: (piece: string) => pieces.push(piece), shouldStop: () => false };
  const reply = await model.reply(turns, { ...settings, ...changed }, watcher, candidates);
  assert.equal(pieces.join(''), reply.text);
  return { ...reply, pieces };
}

async function refuses(opening: Promise<unknown>, pattern: RegExp, fault = 'model'): Promise<void> {
  await assert.rejects(opening, (thrown) => {
    assert.ok(thrown instanceof UserError);
    assert.equal(thrown.fault, fault);
    assert.match(flagMessageOf(thrown), pattern);
    return true;
  });
}

describe('a reply', () => {
  test('is the same whether or not the model has already read the conversation', async () => {
    const talking = await open(chatFolder);
    const turns = ['hello'];
    for (let exchange = 0; exchange < 3; exchange++) {
      const known = await ask(talking, turns);
      const fresh = await ask(await open(chatFolder), turns);
      assert.equal(known.text, fresh.text);
      assert.equal(known.droppedTurns, 0);
      turns.push(known.text, 'and');
    }
  });

  test('is drawn by its seed', async () => {
    const model = await open(chatFolder);
    const one = await ask(model, ['hello'], { seed: 1 });
    assert.equal((await ask(model, ['hello'], { seed: 1 })).text, one.text);
    assert.notEqual((await ask(model, ['hello'], { seed: 2 })).text, one.text);
  });

  test('of a full context leaves out the oldest turns and says how many', async () => {
    const model = await open(chatFolder);
    // 52 tokens are left for the prompt: two turns of 21 fit.
    const reply = await ask(
      model,
      ['1', '2', '3'].map((digit) => digit.repeat(20)),
    );
    assert.deepEqual([reply.droppedTurns, reply.promptTokens], [1, 42]);
  });

  test('to a message longer than the context is refused, and the next one is answered', async () => {
    const model = await open(chatFolder);
    await refuses(
      ask(model, ['x'.repeat(60)]),
      /^the message has 61 tokens, .* leaves room for 52; shorten it$/,
      'usage',
    );
    assert.ok((await ask(model, ['hello'])).promptTokens > 0);
  });

  test('never gets more than half of the context kept free', async () => {
    const model = await open(chatFolder);
    const reply = await ask(model, ['x'.repeat(30)], { maxNewTokens: 500, minNewTokens: 500 });
    assert.equal(reply.finishReason, 'length');
    // Every position is used, and one token more is only said.
    assert.equal(reply.promptTokens + reply.tokens, tinyConfig.nPositions + 1);
  });
});

describe('candidates', () => {
  test('are ranked by how likely they are, and the best is the reply, shown at once', async () => {
    const model = await open(chatFolder, { sequences: 6 });
    const { text, candidates, pieces } = await ask(model, ['hello'], {}, 6);
    assert.equal(candidates.length, 6);
    assert.equal(candidates[0]?.text, text);
    assert.deepEqual(pieces, [text]);
    const scores = candidates.filter((candidate) => candidate.text !== '').map(({ score }) => score);
    assert.deepEqual(
      scores,
      scores.toSorted((one, other) => other - one),
    );
  });

  test('are ranked by a reversed model where there is one', async () => {
    const plain = await ask(await open(chatFolder, { sequences: 6 }), ['hello', 'a b', 'c'], {}, 6);
    const model = await open(chatFolder, { sequences: 6, mmi: reversedFolder });
    const { text, candidates } = await ask(model, ['hello', 'a b', 'c'], {}, 6);
    const sorted = (all: readonly { readonly text: string }[]) => all.map((one) => one.text).toSorted();
    assert.deepEqual(sorted(candidates), sorted(plain.candidates));
    assert.notDeepEqual(
      candidates.map((one) => one.score),
      plain.candidates.map((one) => one.score),
    );
    assert.equal(candidates[0]?.text, text);
  });

  test('of beam search come in its order', async () => {
    const model = await open(chatFolder, { sequences: 4 });
    const { text, candidates } = await ask(model, ['hello'], { numBeams: 4, doSample: false });
    assert.equal(candidates[0]?.text, text);
    const scores = candidates.map(({ score }) => score);
    assert.deepEqual(
      scores,
      scores.toSorted((one, other) => other - one),
    );
  });
});

describe('calls that overlap', () => {
  const asked = [['hello'], ['a b', 'c', 'hello'], ['hello', 'you', 'and'], ['bye']];
  const timeless = { seconds: 0, secondsToFirstToken: 0 };

  for (const [what, changed, candidates] of [
    ['a single reply each', {}, 1],
    ['candidates', {}, 4],
    ['beams', { numBeams: 4, doSample: false }, 1],
  ] as const)
    for (const mmi of candidates > 1 ? [null, reversedFolder] : [null])
      test(`give what they give alone: ${what}${mmi === null ? '' : ', ranked by a reversed model'}`, async () => {
        const model = await open(chatFolder, { sequences: 4, mmi });
        const one = async (turns: readonly string[]) => ({
          ...(await ask(model, turns, changed, candidates)),
          ...timeless,
        });
        const alone = [];
        for (const turns of asked) alone.push(await one(turns));
        assert.deepEqual(await Promise.all(asked.map(one)), alone);
      });

  test('are not touched by one that is interrupted, stopped while it waits, or refused', async () => {
    const model = await open(chatFolder);
    const long = { minNewTokens: 12 };
    const alone = await ask(model, ['bye'], long);
    const stopping = (after: number) => {
      let calls = 0;
      const watcher = { text: () => {}, shouldStop: () => calls++ >= after };
      return model.reply(['hello'], { ...settings, ...long }, watcher);
    };
    const calls = [
      stopping(3),
      stopping(0),
      ask(model, ['x'.repeat(60)]),
      ask(model, ['bye'], long),
    ] as const;
    const [cut, waiting, refused, whole] = await Promise.allSettled(calls);
    assert.ok(cut.status === 'fulfilled' && waiting.status === 'fulfilled' && whole.status === 'fulfilled');
    assert.deepEqual([cut.value.finishReason, cut.value.tokens], ['interrupted', 3]);
    assert.deepEqual([waiting.value.finishReason, waiting.value.promptTokens], ['interrupted', 0]);
    assert.equal(refused.status, 'rejected');
    assert.equal(whole.value.text, alone.text);
  });
});

describe('a model that cannot chat is refused', () => {
  test('a fresh model', () =>
    refuses(open('tiny'), /^tiny is a fresh model that has learned nothing yet; train it/));
  test('a reversed model', () => refuses(open(reversedFolder), /trained with --reverse.* cannot chat/));
  test('a ranking model that is not reversed', () =>
    refuses(open(chatFolder, { mmi: chatFolder }), /was not trained on reversed conversations/));
  test('more than the machine has memory for', () => {
    const small: Device = Object.create(device, { availableMemory: { value: () => 1e4 } });
    const opening = openChatModel(chatFolder, { device: small, weights: 'fp32', sequences: 2, mmi: null });
    return refuses(
      opening,
      /needs .* [kM]B of memory, but 10.0 kB are available \(.*\); .*--candidates/,
      'device',
    );
  });
});

describe('narrow weights', () => {
  test('are only stored where computing in bf16 is slow, and computed with where it is fast', async () => {
    const bf16 = { computes: 'fast', stores: 'fast' } as const;
    const fast = Object.assign(createCpuDevice({ threads: 2 }), {
      precisions: { ...device.precisions, bf16 },
      packedSize: () => 0,
    });
    const options = { weights: 'bf16', sequences: 1, mmi: null } as const;
    const stored = await openChatModel(chatFolder, { ...options, device });
    const computed = await openChatModel(chatFolder, { ...options, device: fast });
    assert.ok(computed.memoryBytes < stored.memoryBytes, 'activations are narrow as well');
    const greedy = { doSample: false };
    assert.equal((await ask(computed, ['hello'], greedy)).text, (await ask(stored, ['hello'], greedy)).text);
    fast.dispose();
  });

  test('in bf16 stay packed for a unit where there is memory for that, with the same reply', async () => {
    const onTiles = deviceOnTiles();
    const options = { weights: 'bf16', sequences: 1, mmi: null } as const;
    const packed = await openChatModel(chatFolder, { ...options, device: onTiles });
    const short = Object.assign(deviceOnTiles(), { availableMemory: () => packed.memoryBytes - 1 });
    const plain = await openChatModel(chatFolder, { ...options, device: short });
    const { nEmbd, nInner, nLayer, vocabSize } = tinyConfig;
    const head = Math.ceil(vocabSize / 32) * 32 * nEmbd;
    const layers = nLayer * (4 * nEmbd * nEmbd + 2 * nEmbd * nInner);
    assert.equal(packed.memoryBytes - plain.memoryBytes, 2 * (layers + head));
    // Both are longer than what is multiplied without packing.
    for (const message of ['what was the first question?', 'and what was the second one?']) {
      const { text } = await ask(plain, [message], { doSample: false });
      assert.equal((await ask(packed, [message], { doSample: false })).text, text);
    }
    for (const each of [onTiles, short]) each.dispose();
  });

  test('in 8 bits take about a quarter, and answer like float32', async () => {
    const [full, small] = [
      await open(chatFolder),
      await openChatModel(chatFolder, { device, weights: 'int8', sequences: 1, mmi: null }),
    ];
    const { vocabSize, nEmbd, nPositions, nInner } = tinyConfig;
    const matrices = nEmbd * (vocabSize + nPositions + 2 * (4 * nEmbd + 2 * nInner));
    const saved = full.memoryBytes - small.memoryBytes;
    // Each matrix starts at a multiple of 1024 numbers.
    assert.ok(Math.abs(saved / ((4 - 34 / 32) * matrices) - 1) < 0.1, `${saved} bytes less`);
    const greedy = { doSample: false };
    assert.equal((await ask(small, ['hello'], greedy)).text, (await ask(full, ['hello'], greedy)).text);
  });

  test('in 8 bits need rows of whole blocks', async () => {
    const odd = makeTinyModel(join(root, 'odd'), { ...tinyConfig, nEmbd: 40 });
    await refuses(
      openChatModel(odd, { device, weights: 'int8', sequences: 1, mmi: null }),
      /^int8 stores weights in blocks of 32, and this model has rows of 40: use --precision bf16\.$/,
      'device',
    );
  });

  test('take half the memory and change a reply only where two tokens are about equally likely', async () => {
    const [full, half] = [
      await open(chatFolder),
      await openChatModel(chatFolder, { device, weights: 'bf16', sequences: 1, mmi: null }),
    ];
    const { vocabSize, nEmbd, nPositions, nInner } = tinyConfig;
    const matrices = nEmbd * (vocabSize + nPositions + 2 * (4 * nEmbd + 2 * nInner));
    const saved = full.memoryBytes - half.memoryBytes;
    assert.ok(Math.abs(saved / (2 * matrices) - 1) < 0.02, `${saved} bytes less`);
    const greedy = { doSample: false };
    assert.equal((await ask(half, ['hello'], greedy)).text, (await ask(full, ['hello'], greedy)).text);
  });
});

test('the log-likelihood of a reply is higher for what the model says itself, and changes no reply', async () => {
  const model = await open(chatFolder);
  const greedy = { doSample: false, maxNewTokens: 6 };
  const first = await ask(model, ['hello'], greedy);
  const own = await model.logLikelihood(['hello'], first.text);
  assert.ok(own < 0 && own > (await model.logLikelihood(['hello'], 'zebra quartz unlikely')));
  assert.equal((await ask(model, ['hello'], greedy)).text, first.text);
});
