// A model as a bot: its score, and the replies that it does not give. The hybrid of it and other bots.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../errors.js';
import type { FinishReason, Reply } from '../generate/reply.js';
import { defaultSettings } from '../generate/settings.js';
import { WordList } from '../prepare/unsafe/word-list.js';
import { defaultAnswers } from './answer-settings.js';
import { blockedAnswer } from './blocked-words.js';
import type { Answer, Bot, Near, Question } from './bot.js';
import { HybridBot } from './hybrid-bot.js';
import { NeuralBot } from './neural-bot.js';

const question = (...turns: string[]): Question => ({
  ...{ turns, user: null, conversation: null, timeZone: null, settings: defaultSettings },
  signal: new AbortController().signal,
});

/** Says these pieces one after another, until it is to stop. */
function growing(pieces: readonly string[]) {
  return new NeuralBot({
    reply: async (_turns, _settings, watcher) => {
      let text = '';
      for (const piece of pieces) {
        if (watcher.shouldStop()) break;
        text += piece;
        watcher.text(piece);
      }
      const counts = { tokens: 3, promptTokens: 3, droppedTurns: 0, seconds: 1, secondsToFirstToken: 1 };
      return { text, finishReason: 'stop', candidates: [], ...counts };
    },
    logLikelihood: async () => -1,
  });
}

/** Says `text`, whose tokens have this mean log-likelihood; all other texts have -9. */
function model(text: string, logLikelihood = -1, finishReason: FinishReason = 'stop') {
  const read: (readonly string[])[] = [];
  const reply = async (turns: readonly string[]): Promise<Reply> => {
    read.push(turns);
    const counts = { tokens: 3, promptTokens: 3, droppedTurns: 0, seconds: 1, secondsToFirstToken: 1 };
    return { text, finishReason, candidates: [], ...counts };
  };
  const bot = new NeuralBot({
    reply,
    logLikelihood: async (_, said) => (said === text ? logLikelihood : -9),
  });
  return { bot, read };
}

describe('a neural bot', () => {
  it('says what the model generates, with the mean probability of its tokens', async () => {
    let shown = '';
    const answer = await model('well then', -0.5).bot.answer(question('hi'), (piece) => {
      shown += piece;
    });
    assert.ok(answer.kind === 'said');
    assert.equal(shown, 'well then');
    assert.ok(Math.abs(answer.score - Math.exp(-0.5)) < 1e-12);
  });

  it('shows a reply while it grows, once it can no longer be a repetition', async () => {
    const shown: string[] = [];
    const bot = growing(['how ', 'are ', 'we', ' today', '?']);
    const answer = await bot.answer(question('How are you?'), (piece) => shown.push(piece));
    assert.ok(answer.kind === 'said');
    assert.deepEqual(shown, ['how are we', ' today', '?']);
    const repeats = growing(['how ', 'are ', 'you']);
    const passed = await repeats.answer(question('How are you?'), () => assert.fail('it shows something'));
    assert.equal(passed.kind, 'passed');
  });

  it('ends a reply that begins to loop after it was shown', async () => {
    let shown = '';
    const words = ['Well,', ...Array.from({ length: 9 }, () => ' so it goes on')];
    const answer = await growing(words).answer(question('hi'), (piece) => {
      shown += piece;
    });
    assert.ok(answer.kind === 'said');
    assert.equal(answer.text, 'Well, so it goes on so it goes on');
    assert.equal(shown, answer.text);
    assert.equal(answer.generated?.finishReason, 'length');
  });

  it('streams through a hybrid, where no other bot is asked after it', async () => {
    const shown: string[] = [];
    const bot = hybrid(scripted('retrieval', '', null), growing(['Well', ', yes']));
    const answer = await bot.answer(question('shall we'), (piece) => shown.push(piece));
    assert.deepEqual(shown, ['Well', ', yes']);
    assert.ok(answer.kind === 'said' && answer.text === 'Well, yes');
    const compared = hybrid(scripted('retrieval', 'No.', 0.75), growing(['Well', ', yes']));
    const pieces: string[] = [];
    const chosen = await compared.answer(question('shall we'), (piece) => pieces.push(piece));
    assert.deepEqual(pieces, [chosen.kind === 'said' ? chosen.text : '']);
  });

  const faults: [text: string, turns: string[], why: RegExp][] = [
    ['', ['hi'], /is empty/],
    ['How are you?', ['how are you'], /repeats the message/],
    ['I am fine.', ['hi', 'i am fine', 'and now?'], /repeats its last reply/],
    ['so it goes on so it goes on so it goes on', ['hi'], /repeats itself/],
  ];
  for (const [text, turns, why] of faults)
    it(`passes on "${text}"`, async () => {
      const answer = await model(text).bot.answer(question(...turns), () =>
        assert.fail('it shows something'),
      );
      assert.equal(answer.kind, 'passed');
      assert.match(answer.why, why);
    });
});

const near: Near = { question: 'Open on Sunday?', answer: 'No.', score: 0.6, source: 'faq.csv:1' };

/** Says with this score, or passes without one. */
function scripted(name: string, text: string, score: number | null, close: readonly Near[] = []): Bot {
  const rest = { why: 'scripted', near: close, milliseconds: 1, visits: [] };
  const answer: Answer =
    score === null
      ? { kind: 'passed', ...rest }
      : { kind: 'said', text, source: name, score, replyId: null, generated: null, ...rest };
  return { name, answer: async () => answer, close: async () => {} };
}

const hybrid = (retrieval: Bot | null, own: NeuralBot | null, mode: 'first' | 'never' | 'only' = 'first') =>
  new HybridBot(
    { memory: null, rules: scripted('rules', '', null), retrieval, model: own },
    { answers: defaultAnswers, retrieval: mode, margin: 0.5 },
  );

async function said(bot: Bot) {
  const answer = await bot.answer(question('are you open on a sunday'), () => {});
  assert.ok(answer.kind === 'said');
  return answer;
}

describe('blocked words', () => {
  const blocked = { words: new WordList(['ass', 'two words', 'bet*', '赌博']), answer: blockedAnswer };
  const guarded = (own: NeuralBot | null) =>
    new HybridBot(
      { memory: null, rules: null, retrieval: null, model: own },
      { answers: defaultAnswers, retrieval: 'first', margin: 0.5, blocked },
    );
  const answered = async (own: NeuralBot | null, message: string) => {
    let shown = '';
    const answer = await guarded(own).answer(question(message), (piece) => {
      shown += piece;
    });
    assert.ok(answer.kind === 'said');
    assert.equal(shown, answer.text);
    return answer;
  };

  it('are not talked about', async () => {
    for (const message of ['You ass!', 'I like betting', '我想赌博']) {
      const { source, text } = await answered(model('well').bot, message);
      assert.equal(source, 'blocked');
      assert.ok(Object.values(blockedAnswer).flat().includes(text));
    }
    assert.equal((await answered(model('well').bot, 'my assistant')).source, 'model');
  });

  it('are not said by the model, wherever they come and however it is cut', async () => {
    const whole = 'I can tell you much about this and that, you ass';
    for (let at = 1; at < whole.length; at++) {
      const { text, source } = await answered(growing([whole.slice(0, at), whole.slice(at)]), 'hi');
      assert.ok(source === 'fallback' || (whole.startsWith(text) && !text.includes('ass')), text);
    }
    assert.equal((await answered(growing(['你可以去赌', '博']), 'hi')).source, 'fallback');
    const pieces = 'one two wordsmiths make a fine assembly'.split(/(?= )/);
    assert.equal((await answered(growing(pieces), 'hi')).text, pieces.join(''));
    const letters = [...'it takes some time, then come two words and more'];
    assert.match((await answered(growing(letters), 'hi')).text, /^it takes/);
    assert.doesNotMatch((await answered(growing(letters), 'hi')).text, /two/);
  });
});

describe('a hybrid', () => {
  it('gives a certain stored answer at once', async () => {
    const { bot, read } = model('never');
    assert.equal((await said(hybrid(scripted('retrieval', 'No.', 0.9), bot))).text, 'No.');
    assert.deepEqual(read, []);
  });

  it('gives a likely stored answer, unless the model finds its own reply much more likely', async () => {
    const stored = scripted('retrieval', 'No.', 0.75);
    assert.equal((await said(hybrid(stored, model('own', -8.6).bot))).text, 'No.');
    const { bot, read } = model('own', -8);
    assert.equal((await said(hybrid(stored, bot))).text, 'own');
    assert.deepEqual(read, [['are you open on a sunday']]);
    assert.equal((await said(hybrid(stored, model('').bot))).text, 'No.');
    assert.equal((await said(hybrid(stored, model('own', -1).bot, 'only'))).text, 'No.');
    assert.equal((await said(hybrid(stored, model('own', -8.6).bot, 'never'))).text, 'own');
  });

  it('gives the model the closest pair as context, and asks whether it is meant when there is no reply', async () => {
    const close = scripted('retrieval', '', null, [near]);
    const { bot, read } = model('own');
    assert.equal((await said(hybrid(close, bot))).text, 'own');
    assert.deepEqual(read, [['Open on Sunday?', 'No.', 'are you open on a sunday']]);
    const asked = await said(hybrid(close, model('').bot));
    assert.deepEqual([asked.source, asked.text], ['fallback', 'Did you mean "Open on Sunday?"?']);
    assert.deepEqual(
      asked.visits.map(({ bot: name }) => name),
      ['rules', 'retrieval', 'model'],
    );
    assert.match((await said(hybrid(null, null))).text, /I don't know/);
  });

  it('answers although the model is out of order', async () => {
    const broken = new NeuralBot({
      reply: () => Promise.reject(new UserError('model-diverged', 'the model is loading')),
      logLikelihood: async () => 0,
    });
    assert.equal((await said(hybrid(scripted('retrieval', 'No.', 0.75), broken))).text, 'No.');
    const answer = await said(hybrid(scripted('retrieval', '', null), broken));
    assert.equal(answer.source, 'fallback');
    assert.match(answer.visits.at(-1)?.why ?? '', /is loading/);
  });
});
