// A bot as the partner of a conversation: what the store holds is what the person has seen.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Conversation } from '../generate/conversation.js';
import { defaultSettings } from '../generate/settings.js';
import { defaultAnswers } from './answer-settings.js';
import type { Answer, Bot, Question } from './bot.js';
import { BotSpeaker, type SpeakerOptions } from './bot-speaker.js';
import { HybridBot } from './hybrid-bot.js';
import { RetrievalBot } from './retrieval/retrieval-bot.js';
import { MemoryStore } from './store/memory-store.js';

const watcher = { text: () => {}, shouldStop: () => false };
const pair = (question: string, answer: string) => ({
  question,
  answer,
  previous: null,
  source: 'faq.csv:1',
});

/** Knows two answers to one question, and one to another. */
async function talk(options?: SpeakerOptions) {
  const store = new MemoryStore();
  await store.learn([pair('Hi', 'Hello'), pair('Hi', 'Hello'), pair('Hi', 'Hey'), pair('Bye', 'See you')]);
  const retrieval = await RetrievalBot.open(store, defaultAnswers);
  const settings = { answers: defaultAnswers, retrieval: 'first', margin: 0.5 } as const;
  const bot = new HybridBot({ memory: null, rules: null, retrieval, model: null }, settings);
  return conversationWith(bot, store, options);
}

function conversationWith(bot: Bot, store: MemoryStore, options?: SpeakerOptions) {
  const speaker = new BotSpeaker(bot, store, { user: 'ann', timeZone: null }, null, options);
  const conversation = new Conversation(speaker, defaultSettings);
  const kept = async () => {
    const id = (await store.latest('ann')) ?? '';
    return ((await store.conversation(id, 100))?.turns ?? []).map(({ text }) => text);
  };
  return { conversation, store, speaker, kept };
}

describe('a bot that speaks', () => {
  it('gives another answer when the first is not wanted, and keeps only that', async () => {
    const { conversation, kept } = await talk();
    assert.equal((await conversation.say('Hi', watcher)).text, 'Hello');
    assert.equal((await conversation.retry(watcher)).text, 'Hey');
    assert.deepEqual(await kept(), ['Hi', 'Hey']);
    // It knows no third one.
    assert.notEqual((await conversation.retry(watcher)).from?.source, 'fallback');
    assert.equal((await kept()).length, 2);
    await conversation.say('Bye', watcher);
    assert.equal((await conversation.retry(watcher)).text, 'See you');
    assert.equal((await kept()).length, 4);
  });

  it('takes back in the store what is taken back in the conversation', async () => {
    const { conversation, kept, store } = await talk();
    for (const message of ['Hi', 'Bye', 'Hi']) await conversation.say(message, watcher);
    conversation.undo();
    await conversation.say('bye!', watcher);
    assert.deepEqual(await kept(), ['Hi', 'Hello', 'Bye', 'See you', 'bye!', 'See you']);
    const first = await store.latest('ann');
    conversation.reset();
    await conversation.say('Hi', watcher);
    assert.deepEqual(await kept(), ['Hi', 'Hello']);
    assert.notEqual(await store.latest('ann'), first);
    // A conversation that was loaded from a file is another one too, and the old one stays.
    conversation.load(['One', 'Two']);
    await conversation.say('Bye', watcher);
    await conversation.say('Hi', watcher);
    assert.deepEqual(await kept(), ['Bye', 'See you', 'Hi', 'Hello']);
    assert.equal((await store.conversation(first ?? '', 100))?.turns.length, 6);
  });

  it('goes on with a conversation from the store, whose last answer it can replace', async () => {
    const { conversation, store, kept } = await talk();
    await conversation.say('Hi', watcher);
    await conversation.say('Bye', watcher);
    const again = conversationWith(
      { name: 'echo', close: async () => {}, answer: async ({ turns }) => said(turns.join('/')) },
      store,
    );
    again.conversation.load(await again.speaker.resume(20));
    await again.conversation.retry(watcher);
    assert.deepEqual(await kept(), ['Hi', 'Hello', 'Bye', 'Hi/Hello/Bye']);
  });

  it('keeps the part of an interrupted answer that was shown, and nothing of one that was not', async () => {
    let part = '';
    const bot: Bot = {
      name: 'slow',
      close: async () => {},
      answer: async ({ signal }: Question, show) => {
        if (part !== '') show(part);
        while (!signal.aborted) await new Promise((resolve) => setImmediate(resolve));
        return said(part, true);
      },
    };
    const { conversation, kept } = conversationWith(bot, new MemoryStore());
    const stopping = { text: () => {}, shouldStop: () => true };
    await conversation.say('Tell me', stopping);
    assert.deepEqual([await kept(), conversation.turns], [[], []]);
    part = 'Once upon';
    await conversation.say('Tell me', stopping);
    assert.deepEqual(await kept(), ['Tell me', 'Once upon']);
    assert.deepEqual(conversation.turns, ['Tell me', 'Once upon']);
  });

  it('queues what it cannot answer for review, unless learning is off', async () => {
    for (const learning of ['queue', 'off'] as const) {
      const { conversation, store, speaker } = await talk({ learning });
      await conversation.say('What is the airspeed of a swallow?', watcher);
      await speaker.correct('African or European?');
      assert.equal((await store.waiting(10)).length, learning === 'off' ? 0 : 2);
    }
  });
});

function said(text: string, isStopped = false): Answer {
  const counts = { tokens: 1, promptTokens: 1, droppedTurns: 0, seconds: 1, secondsToFirstToken: 1 };
  const finishReason = isStopped ? 'interrupted' : 'stop';
  return {
    ...{ kind: 'said', text, source: 'model', score: 1, replyId: null, why: 'scripted' },
    ...{ near: [], visits: [], milliseconds: 1 },
    generated: { text, finishReason, candidates: [], ...counts },
  };
}
