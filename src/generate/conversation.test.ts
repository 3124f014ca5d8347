import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../errors.js';
import { Conversation, type Speaker } from './conversation.js';
import type { Reply } from './reply.js';
import { defaultSettings, type GenerationSettings } from './settings.js';

const watcher = { text: () => {}, shouldStop: () => false };

const plainReply: Reply = {
  text: '',
  tokens: 1,
  promptTokens: 1,
  droppedTurns: 0,
  finishReason: 'stop',
  seconds: 1,
  secondsToFirstToken: 1,
  candidates: [],
};

interface Asked {
  readonly turns: readonly string[];
  readonly settings: GenerationSettings;
  readonly candidates: number;
}

/** Gives the given replies in order and records what it was asked. */
function scripted(...replies: readonly (Partial<Reply> | Error)[]): Speaker & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    reply: async (turns, settings, _, candidates) => {
      asked.push({ turns, settings, candidates });
      const next = replies[asked.length - 1] ?? {};
      if (next instanceof Error) throw next;
      return { ...plainReply, ...next };
    },
  };
}

describe('a conversation', () => {
  it('gives the model everything that was said', async () => {
    const model = scripted({ text: 'hello' }, { text: 'fine' });
    const conversation = new Conversation(model, defaultSettings, 3);
    await conversation.say('hi', watcher);
    await conversation.say('how are you?', watcher);
    assert.deepEqual(
      model.asked.map(({ turns }) => turns),
      [['hi'], ['hi', 'hello', 'how are you?']],
    );
    assert.deepEqual(conversation.turns, ['hi', 'hello', 'how are you?', 'fine']);
    assert.equal(conversation.lastReply?.text, 'fine');
    assert.equal(model.asked[0]?.candidates, 3);
  });

  it('draws the same for the same conversation, and something else for each turn and attempt', async () => {
    const seeds = async () => {
      const model = scripted({ text: 'a' }, { text: 'b' }, { text: 'c' });
      const conversation = new Conversation(model, defaultSettings);
      await conversation.say('hi', watcher);
      await conversation.retry(watcher);
      await conversation.say('and', watcher);
      return model.asked.map(({ settings }) => settings.seed);
    };
    const once = await seeds();
    assert.deepEqual(await seeds(), once);
    assert.equal(new Set(once).size, 3);
  });

  it('puts another reply in the place of the last one', async () => {
    const model = scripted({ text: 'one' }, { text: 'two' });
    const conversation = new Conversation(model, defaultSettings);
    await conversation.say('count', watcher);
    await conversation.retry(watcher);
    assert.deepEqual(conversation.turns, ['count', 'two']);
    assert.deepEqual(model.asked[1]?.turns, ['count']);
  });

  it('takes back an exchange at a time', async () => {
    const conversation = new Conversation(scripted({ text: 'a' }, { text: 'b' }), defaultSettings);
    await conversation.say('1', watcher);
    await conversation.say('2', watcher);
    assert.equal(conversation.undo()?.message, '2');
    assert.deepEqual(conversation.turns, ['1', 'a']);
    assert.equal(conversation.lastReply?.text, 'a');
    conversation.undo();
    assert.equal(conversation.undo(), undefined);
    assert.equal(conversation.lastReply, null);
  });

  it('stays as it was when the model throws', async () => {
    const refused = new UserError('message-too-long', 'too long');
    const conversation = new Conversation(scripted({ text: 'a' }, refused, refused), defaultSettings);
    await conversation.say('1', watcher);
    await assert.rejects(conversation.say('2', watcher), refused);
    await assert.rejects(conversation.retry(watcher), refused);
    assert.deepEqual(conversation.turns, ['1', 'a']);
  });

  it('keeps the shown part of an interrupted reply, and nothing when nothing was shown', async () => {
    const model = scripted(
      { text: 'a part', finishReason: 'interrupted' },
      { text: '', finishReason: 'interrupted' },
      { text: '', finishReason: 'interrupted' },
    );
    const conversation = new Conversation(model, defaultSettings);
    await conversation.say('1', watcher);
    assert.deepEqual(conversation.turns, ['1', 'a part']);
    await conversation.say('2', watcher);
    await conversation.retry(watcher);
    assert.deepEqual(conversation.turns, ['1', 'a part']);
  });

  it('has no empty turns', async () => {
    const conversation = new Conversation(scripted({ text: '' }), defaultSettings);
    await conversation.say('1', watcher);
    assert.deepEqual(conversation.turns, ['1']);
    assert.equal(conversation.exchanges.length, 1);
  });

  it('goes on from turns that end with either speaker', async () => {
    const model = scripted({ text: 'd' });
    const conversation = new Conversation(model, defaultSettings);
    conversation.load(['a', 'b', 'c']);
    assert.deepEqual(conversation.turns, ['a', 'b', 'c']);
    assert.equal(conversation.exchanges.at(-1)?.answer, null);
    await conversation.retry(watcher);
    assert.deepEqual(model.asked[0]?.turns, ['a', 'b', 'c']);
    assert.deepEqual(conversation.turns, ['a', 'b', 'c', 'd']);
    conversation.load(['x', 'y']);
    assert.deepEqual(conversation.turns, ['x', 'y']);
    assert.equal(conversation.lastReply, null);
    conversation.reset();
    assert.deepEqual(conversation.turns, []);
    await assert.rejects(conversation.retry(watcher), RangeError);
  });
});
