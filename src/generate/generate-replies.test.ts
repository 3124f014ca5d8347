import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashedModel, letters, type Model, ModelPast } from '../../test/letter-model.js';
import { generateReplies, type SampledReply } from './generate-replies.js';
import { logSumExp } from './log-softmax.js';
import { candidateSamplers } from './sampler.js';
import { defaultSettings, type GenerationSettings } from './settings.js';

const model = hashedModel(27, 5);
const settings: GenerationSettings = { ...defaultSettings, maxNewTokens: 30, topK: 8, temperature: 1.4 };
const prompt = [1, 2, 0];

interface Shown {
  readonly replies: readonly SampledReply[];
  readonly pieces: readonly string[];
}

async function generate(
  changed: Partial<GenerationSettings> = {},
  count = 1,
  {
    shouldStop = () => false,
    contextLength = 1000,
    of = model,
  }: { shouldStop?: () => boolean; contextLength?: number; of?: Model } = {},
): Promise<Shown> {
  const pieces: string[] = [];
  const watcher = { text: (piece: string) => pieces.push(piece), shouldStop };
  const past = new ModelPast(of, contextLength);
  const replies = await generateReplies(past, letters, prompt, { ...settings, ...changed }, count, watcher);
  return { replies, pieces };
}

/** What a sampler alone makes of the model. */
function reference(candidate: number, count: number): number[] {
  const sampler = candidateSamplers(settings, letters.endOfText, count)[candidate];
  const tokens: number[] = [];
  while (tokens.length < settings.maxNewTokens) {
    const history = [...prompt, ...tokens];
    const token = sampler?.choose(model(history), history, tokens.length) ?? 0;
    if (token === letters.endOfText) break;
    tokens.push(token);
  }
  return tokens;
}

/** The model says these letters after the prompt, then the end. */
const saying =
  (text: string): Model =>
  (past) => {
    const next = letters.encode(text)[past.length - prompt.length] ?? letters.endOfText;
    return Float32Array.from({ length: 27 }, (_, token) => (token === next ? 9 : 0));
  };
const greedy = { doSample: false };

describe('replies side by side', () => {
  test('are those that each sampler would make alone, also when some end early', async () => {
    const { replies } = await generate({}, 12);
    assert.ok(new Set(replies.map(({ tokens }) => tokens.length)).size > 3, 'they end at different times');
    for (const [candidate, { tokens }] of replies.entries())
      assert.deepEqual(tokens, reference(candidate, 12), `candidate ${candidate}`);
  });

  test('do not depend on how many there are', async () => {
    const { replies: many } = await generate({}, 9);
    for (const count of [1, 2, 5]) {
      const { replies } = await generate({}, count);
      assert.deepEqual(
        replies.map(({ tokens }) => tokens),
        many.slice(0, count).map(({ tokens }) => tokens),
      );
    }
  });

  test('are scored by the mean log-likelihood of what was chosen, the end with it', async () => {
    const { replies } = await generate({}, 4);
    for (const { tokens, finishReason, meanLogLikelihood } of replies) {
      const chosen = finishReason === 'stop' ? [...tokens, letters.endOfText] : tokens;
      const logs = chosen.map((token, place) => {
        const logits = model([...prompt, ...tokens.slice(0, place)]);
        return (logits[token] ?? Number.NaN) - logSumExp(logits);
      });
      const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
      assert.ok(Math.abs(mean - meanLogLikelihood) < 1e-6);
    }
  });
});

describe('a reply', () => {
  test('comes in pieces that together are its text', async () => {
    const { replies, pieces } = await generate();
    assert.ok(pieces.length > 3);
    assert.equal(pieces.join(''), replies[0]?.text);
    assert.equal(replies[0]?.text, letters.decode(replies[0]?.tokens ?? []));
  });

  test('ends with the end-of-text token, which is not part of it', async () => {
    const { replies } = await generate(greedy, 1, { of: saying('hello') });
    assert.deepEqual(
      replies.map(({ text, tokens, finishReason }) => [text, tokens.length, finishReason]),
      [['hello', 5, 'stop']],
    );
  });

  test('ends before a stop string, of which nothing is shown', async () => {
    const { replies, pieces } = await generate({ ...greedy, stop: ['lo', 'xyz'] }, 1, {
      of: saying('hello'),
    });
    assert.equal(pieces.join(''), 'hel');
    assert.deepEqual([replies[0]?.text, replies[0]?.finishReason], ['hel', 'stop']);
  });

  test('ends at its longest, or where the context does', async () => {
    const longest = await generate({ ...greedy, maxNewTokens: 3 }, 1, { of: saying('hello') });
    assert.deepEqual([longest.replies[0]?.text, longest.replies[0]?.finishReason], ['hel', 'length']);
    const full = await generate(greedy, 1, { of: saying('hello'), contextLength: prompt.length + 1 });
    assert.deepEqual([full.replies[0]?.text, full.replies[0]?.finishReason], ['he', 'length']);
  });

  test('is cut where it is told to stop', async () => {
    let asked = 0;
    const { replies, pieces } = await generate(greedy, 1, {
      of: saying('hello'),
      shouldStop: () => ++asked === 2,
    });
    assert.deepEqual(
      [replies[0]?.text, replies[0]?.finishReason, pieces.join('')],
      ['he', 'interrupted', 'he'],
    );
  });
});
