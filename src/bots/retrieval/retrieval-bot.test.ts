// The retrieval bot: what it answers, what it passes on, and how well it finds noisy questions.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { describeBot } from '../../../test/bots/describe-bot.js';
import { noiseSet } from '../../../test/bots/noise-set.js';
import { repositoryRoot } from '../../../test/repository.js';
import { defaultSettings } from '../../generate/settings.js';
import { defaultAnswers } from '../answer-settings.js';
import type { Question } from '../bot.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Pair } from '../store/store.js';
import { RetrievalBot } from './retrieval-bot.js';

const pair = (question: string, answer: string, previous: string | null = null): Pair => ({
  ...{ question, answer, previous },
  source: 'faq.csv:1',
});

async function botOf(...pairs: Pair[]) {
  const store = new MemoryStore();
  await store.learn(pairs);
  return { store, bot: await RetrievalBot.open(store, defaultAnswers) };
}

const question = (...turns: string[]): Question => ({
  ...{ turns, user: null, conversation: null, timeZone: null, settings: defaultSettings },
  signal: new AbortController().signal,
});

const shop = [
  pair('Do you deliver on Sundays?', 'No, only on weekdays.'),
  pair('Do you deliver abroad?', 'Yes, worldwide.'),
  pair('Where is my order?', 'Look into your account.'),
  pair('你们周日送货吗？', '不送，只在工作日。'),
  pair('这部电影的导演是谁？', '王家卫。'),
];

describe('the retrieval bot', () => {
  const said: [string, string][] = [
    ['do you deliver on sundays', 'No, only on weekdays.'],
    ['Hi, do you delivr on sundays please?', 'No, only on weekdays.'],
    ['DO YOU DELIVER ABROAD', 'Yes, worldwide.'],
    ['where my order', 'Look into your account.'],
    ['请问你们周日送货吗', '不送，只在工作日。'],
    ['ｗｈｅｒｅ ｉｓ ｍｙ ｏｒｄｅｒ？', 'Look into your account.'],
  ];
  for (const [message, answer] of said)
    it(`answers "${message}"`, async () => {
      const { bot } = await botOf(...shop);
      let shown = '';
      const given = await bot.answer(question(message), (piece) => {
        shown += piece;
      });
      assert.ok(given.kind === 'said', given.why);
      assert.equal(given.text, answer);
      assert.equal(shown, answer);
      assert.equal(given.source, 'retrieval: faq.csv:1');
      assert.ok(given.replyId !== null && given.score >= 0.7 && given.near.length > 0);
    });

  for (const message of [
    'asdkjh qwe',
    'How is the weather?',
    '今天天气怎么样',
    '这部电影的主演是谁？',
    '',
    '?!',
    'x'.repeat(100_000),
  ])
    it(`has no answer to "${message.slice(0, 20)}"`, async () => {
      const { bot } = await botOf(...shop);
      const given = await bot.answer(question(message), () => assert.fail('it shows something'));
      assert.equal(given.kind, 'passed');
    });

  it('names the close questions when it has no answer', async () => {
    const { bot } = await botOf(...shop);
    const given = await bot.answer(question('do you deliver on a monday'), () => {});
    assert.ok(given.kind === 'passed');
    assert.equal(given.near[0]?.question, 'Do you deliver on Sundays?');
  });

  it('does not choose between two close questions with different answers', async () => {
    const { bot } = await botOf(
      pair('How do I return a blue shirt to you by post', 'Use our label.'),
      pair('How do I return a blue shirt to you by hand', 'Come to the shop.'),
    );
    const given = await bot.answer(question('how do i return a blue shirt to you?'), () => {});
    assert.ok(given.kind === 'passed', 'it chose');
    assert.match(given.why, /different answers/);
  });

  it('gives another answer when a question is asked again', async () => {
    const { bot } = await botOf(pair('Hi there', 'Hello'), pair('Hi there', 'Hey'));
    const first = await bot.answer(question('hi there'), () => {});
    assert.ok(first.kind === 'said');
    const second = await bot.answer(question('hi there', first.text, 'hi there'), () => {});
    assert.ok(second.kind === 'said');
    assert.deepEqual([first.text, second.text].sort(), ['Hello', 'Hey']);
  });

  it('goes by the turn before the question', async () => {
    const { bot } = await botOf(
      pair('yes please', 'Here is your tea.', 'Would you like tea?'),
      pair('yes please', 'Here is your bill.', 'Would you like to pay?'),
    );
    for (const [previous, answer] of [
      ['Would you like tea?', 'Here is your tea.'],
      ['Would you like to pay?', 'Here is your bill.'],
    ] as const) {
      const given = await bot.answer(question('hello', previous, 'yes please'), () => {});
      assert.ok(given.kind === 'said');
      assert.equal(given.text, answer);
    }
  });

  it('answers overlapping questions as one by one', async () => {
    const { bot } = await botOf(...shop);
    const messages = Array.from({ length: 100 }, (_, index) => shop[index % shop.length]?.question ?? '');
    const together = await Promise.all(messages.map((message) => bot.answer(question(message), () => {})));
    for (const [index, message] of messages.entries()) {
      const alone = await bot.answer(question(message), () => {});
      const now = together[index];
      assert.ok(alone.kind === 'said' && now?.kind === 'said');
      assert.deepEqual([now.text, now.score, now.source], [alone.text, alone.score, alone.source]);
    }
  });
});

const sets = [
  { language: 'English', files: ['faq.json', 'small-talk.jsonl'], unknown: 150 },
  { language: 'Chinese', files: ['chinese-qa.json'], unknown: 10 },
];
for (const { language, files, unknown } of sets)
  it(`finds noisy ${language} questions, and leaves unknown ones alone`, async () => {
    const paths = files.map((file) => join(repositoryRoot, 'data', file));
    const set = noiseSet(paths, { seed: 1, questions: 1000, noisy: 1000, unknown });
    const store = new MemoryStore();
    await store.learn(set.known);
    const bot = await RetrievalBot.open(store, defaultAnswers);
    const answers = new Map(set.known.map((known) => [known.question, known.answer]));
    assert.ok(set.noisy.length >= 20 && set.unknown.length === unknown, `${set.noisy.length}`);
    let [right, wrong] = [0, 0];
    for (const { question: text, meant } of set.noisy) {
      const given = await bot.answer(question(text), () => {});
      if (given.kind === 'said' && given.text === answers.get(meant)) right++;
    }
    for (const { question: text } of set.unknown)
      if ((await bot.answer(question(text), () => {})).kind === 'said') wrong++;
    assert.ok(right / set.noisy.length >= 0.8, `${right} of ${set.noisy.length} right`);
    assert.ok(wrong / unknown <= 0.06, `${wrong} of ${unknown} wrong`);
  });

describeBot('the retrieval bot, as every bot', () => botOf(...shop), [
  ['do you deliver on sundays', 'where is my order', 'something else'],
  ['你们周日送货吗', '你们周日送货吗？'],
]);
