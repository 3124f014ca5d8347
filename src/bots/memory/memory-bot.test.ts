// Long-term memory through a bot: what it keeps, what it tells, and to nobody else.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultSettings } from '../../generate/settings.js';
import type { Question } from '../bot.js';
import { MemoryStore } from '../store/memory-store.js';
import { MemoryBot } from './memory-bot.js';

const day = 86_400_000;

function bot(keepDays: number | null = null) {
  const clock = { now: 0 };
  const store = new MemoryStore();
  const memory = new MemoryBot(store, { keepDays, now: () => clock.now });
  const say = async (text: string, user: string | null = 'ann') => {
    const question: Question = {
      ...{ turns: [text], user, conversation: null, timeZone: null, settings: defaultSettings },
      signal: new AbortController().signal,
    };
    await memory.listen(question);
    let shown = '';
    const answer = await memory.answer(question, (piece) => {
      shown += piece;
    });
    if (answer.kind === 'said') assert.equal(shown, answer.text);
    return answer.kind === 'said' ? answer.text : null;
  };
  return { clock, store, say };
}

const asked: [said: string[], question: string, answer: string][] = [
  [['My name is Ann'], 'What is my name?', 'Your name is Ann.'],
  [['call me Bob', 'Please call me Rob'], 'do you remember my name', 'Your name is Rob.'],
  [['I like tea', 'I like jazz'], 'What do I like?', 'You like jazz, tea.'],
  [['I like tea', "I don't like tea"], 'what do I like', 'You have not told me that yet.'],
  [['I hate queues'], 'what do I hate?', 'You do not like queues.'],
  [['I live in New York'], 'Where do I live?', 'You live in New York.'],
  [["I'm from Peru"], 'where am I from', 'You are from Peru.'],
  [['I am 30 years old'], 'how old am I?', 'You told me that you are 30 years old.'],
  [['my birthday is May 5'], "when's my birthday", 'Your birthday is May 5.'],
  [['my favourite ice cream is lemon'], "what's my favorite ice cream?", 'You told me that it is lemon.'],
  [
    ['My name is Ann', 'I like tea'],
    'What do you know about me?',
    'This is what I know about you: likes: tea, name: Ann.',
  ],
  [[], 'What is my name?', 'You have not told me your name yet.'],
  [['我叫小明'], '我叫什么名字？', '您叫小明。'],
  [['我喜欢茶', '我喜欢音乐'], '你知道我喜欢什么吗', '您喜欢茶、音乐。'],
  [['我不喜欢下雨'], '我不喜欢什么？', '您不喜欢下雨。'],
  [['我住在上海'], '我住在哪里？', '您住在上海。'],
  [['我来自成都'], '我来自哪里', '您来自成都。'],
  [['我今年三十岁'], '我多大了？', '您说过您三十岁。'],
  [['我的生日是五月五日'], '我的生日是几号？', '您的生日是五月五日。'],
  [['我最喜欢的电影是活着'], '我最喜欢的电影是什么？', '您说过是活着。'],
  [['我叫小明'], '你知道我的什么', '我知道的有：name: 小明。'],
  // A value is text, whatever it looks like.
  [['my name is $&{value}'], 'What is my name?', 'You have not told me your name yet.'],
  [['I like jazz $& {name} x'], 'What do I like?', 'You like jazz $& {name} x.'],
];

describe('memory', () => {
  for (const [said, question, answer] of asked)
    it(`answers "${question}" after ${JSON.stringify(said)}`, async () => {
      const { say } = bot();
      for (const text of said) await say(text);
      assert.equal(await say(question), answer);
    });

  it('says that it will remember, when there is nothing else to answer', async () => {
    const { say } = bot();
    assert.equal(await say('Hi, my name is Ann.'), 'Nice to meet you, Ann.');
    assert.equal(await say('I like tea'), 'Good to know. I will remember that.');
    assert.equal(await say('你好，我叫小明'), '很高兴认识您，小明。');
    assert.equal(await say('My name is Ann. Where is my order?'), null);
    assert.equal(await say('Where is my order?'), null);
  });

  it('never tells a fact to another user, and keeps none of a user without a name', async () => {
    const { say, store } = bot();
    await say('My name is Ann', 'ann');
    assert.equal(await say('What is my name?', 'bob'), 'You have not told me your name yet.');
    assert.equal(await say('My name is Eve', null), null);
    assert.equal(await say('What is my name?', null), null);
    assert.equal((await store.facts('ann', 0)).length, 1);
  });

  it('forgets after the time that was set', async () => {
    const { say, clock } = bot(30);
    await say('My name is Ann');
    clock.now = 30 * day - 1;
    assert.equal(await say('What is my name?'), 'Your name is Ann.');
    clock.now = 30 * day;
    assert.equal(await say('What is my name?'), 'You have not told me your name yet.');
  });
});
