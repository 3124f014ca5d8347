// Synonyms replace words in the same form and nothing else.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Dialogue } from '../../../corpus/dialogue.js';
import { Random } from '../../../random.js';
import type { Place, Variation } from '../augmenter.js';
import { readEnglishTable } from './english-table.js';
import { synonyms } from './synonyms.js';

const dialogue = (texts: readonly string[], speaker?: string): Dialogue => ({
  turns: texts.map((text) => ({ text, supervised: true, ...(speaker === undefined ? {} : { speaker }) })),
  source: 'chats.jsonl:1',
});

const place: Place = { out: '/nowhere/out', signal: new AbortController().signal, note: () => {} };

async function variation(share: number, corpus: readonly Dialogue[] = []): Promise<Variation> {
  const started = await synonyms.start({ synonyms: share, synonymFile: [] }, corpus, 1, place);
  if (started?.kind !== 'variation') assert.fail();
  return started;
}

const english = await variation(1);
const chinese = await variation(1, [dialogue(['你好'])]);

async function said(text: string, names: readonly string[] = [], by = english): Promise<string> {
  const [one] = await by.vary([{ text, names, random: new Random(7) }]);
  return one ?? text;
}

describe('English words keep their form', () => {
  for (const [before, after] of [
    ['Did you buy it?', 'Did you purchase it?'],
    ['She bought two cars.', 'She purchased two automobiles.'],
    ['He is buying movies.', 'He is purchasing films.'],
    ['My children like it.', 'My kids like it.'],
    ['I want a car', 'I want an automobile'],
    ['This is an automobile', 'This is a car'],
    ['A CAR IS HERE', 'AN AUTOMOBILE IS HERE'],
    ['Movies are on at 8.', 'Films are on at 8.'],
    ['it has begun to rain', 'it has started to rain'],
    ['it began to rain', 'it started to rain'],
    ['I have talked to him', 'I have spoken to him'],
    ['have you selected it?', 'have you chosen it?'],
    ['you selected it', 'you chose it'],
  ] as const)
    it(`${before} -> ${after}`, async () => assert.equal(await said(before), after));
});

describe('a word is only replaced in a reading that is certain', () => {
  for (const [before, after] of [
    ['I want to book a room', 'I want to reserve a room'],
    ['I want to reserve a room', 'I want to book a room'],
    ['It was a big help.', 'It was a big assistance.'],
    ['I need your help.', 'I need your assistance.'],
    ['That is a kind of tea', 'That is a type of tea'],
  ] as const)
    it(`${before} -> ${after}`, async () =>
      assert.ok([after, after.replace('type', 'sort')].includes(await said(before))));
  for (const text of [
    'I read this book on Sunday',
    'Can you help me?',
    'You are so kind to me',
    'It was received today',
    'He started up the engine',
    'shut it down now',
    'I can not really tell',
    'it is not nice',
    'no problem, my friend',
    'it is the thing that cost 350 dollars',
    'my sister shops for me',
    'walking is relaxing',
    'you are required to go',
    'my dog is named bunny',
    'he works in a car factory',
  ])
    it(`${text} stays`, async () => assert.equal(await said(text), text));
});

describe('what must stay stays', () => {
  for (const [text, names] of [
    ['I told Bill and Buddy about Movies', []],
    ['Bill called', []],
    ['my friend kid said so', ['Kid']],
    ['not, never, no one, cannot, will, should, must', []],
    ["I don't, I won't, it isn't", []],
    ['see https://example.com/buy?movie=1 or www.buy.com or movie@car.org', []],
    ['[NAME_1] and {movie} and <car> and :kid:', []],
    ['run `buy the car` now', []],
    ['```\nbuy the movie\n```', []],
    ['#movie @movie movie_1 movie-like car2', []],
    ['I saw "The movie about the car" in town', []],
    ['the movie’s end', []],
    ['très grand film de la maison', []],
    ['der film war sehr gut und das kid auch', []],
  ] as const)
    it(text, async () => assert.equal(await said(text, names), text));

  it('names that the corpus writes with a capital', async () => {
    const corpus = [dialogue(['We met Kid and saw Kid with Kid.'])];
    assert.equal(await said('the kid is here', [], await variation(1, corpus)), 'the kid is here');
  });

  it('names of the speakers of other dialogues', async () => {
    const by = await variation(1, [dialogue(['Hi'], 'Buddy')]);
    assert.equal(await said('I met my buddy today', [], by), 'I met my buddy today');
  });
});

describe('Chinese words', () => {
  for (const [before, after] of [
    ['我的手机坏了', '我的智能手机坏了'],
    ['我想购买土豆', '我想买马铃薯'],
    ['她不高兴', '她不开心'],
  ] as const)
    it(`${before} -> ${after}`, async () => assert.equal(await said(before, [], chinese), after));
  for (const text of [
    '我想订一张从北京到上海的机',
    '二手机器',
    '高不高兴',
    '他没有说不是',
    '三百五十元',
    '《影片》和“手机”',
    '我叫手机',
    '手机号',
    '他在影片公司',
    '张伟喜欢王芳',
  ])
    it(`${text} stays`, async () => assert.equal(await said(text, [], chinese), text));
  it('are no names of speakers', async () =>
    assert.equal(await said('我和影片说过', ['影片'], chinese), '我和影片说过'));
  it('are told apart without joining verbs', async () =>
    assert.equal(await said('我想订购手机', [], chinese), '我想购买智能手机'));
});

const table = readEnglishTable();

describe('in any text', () => {
  const words = [...table.words.keys()];
  const word = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(...words).map((one) => one.charAt(0).toUpperCase() + one.slice(1)),
    fc.constantFrom('the', 'a', 'an', 'to', 'I', 'not', 'is', 'of', "don't", 'very'),
    fc.constantFrom(
      'https://a.bc/movie',
      'car@movie.com',
      '[NAME_1]',
      '{movie}',
      '#movie',
      '42',
      'Kid7',
      '`car`',
      '"car"',
    ),
  );
  const spaced = fc.array(word, { minLength: 1, maxLength: 12 });

  it('only words of the table change, and articles before them', async () => {
    await fc.assert(
      fc.asyncProperty(spaced, fc.integer(), async (parts, seed) => {
        const [after] = await english.vary([{ text: parts.join(' '), names: [], random: new Random(seed) }]);
        if (after === null || after === undefined) return;
        // Replacements are single words, so the words still pair up.
        const changed = after.split(' ');
        assert.equal(changed.length, parts.length);
        for (const [index, part] of parts.entries()) {
          const now = changed[index] ?? '';
          if (now === part) continue;
          if (/^an?$/.test(part)) assert.notEqual(changed[index + 1], parts[index + 1]);
          else {
            const known =
              table.words.get(part.toLowerCase())?.flatMap(({ replacements }) => replacements) ?? [];
            assert.ok(known.map((one) => one.toLowerCase()).includes(now.toLowerCase()), `${part} -> ${now}`);
          }
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('nothing is done to characters of any kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
        const [after] = await chinese.vary([{ text, names: ['\u0130'], random: new Random(1) }]);
        assert.ok(after === null || typeof after === 'string');
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

it('replaces the wanted share of the words', async () => {
  const by = await variation(0.3);
  const asked = Array.from({ length: 2000 }, (_, index) => ({
    text: 'my car',
    names: [],
    random: new Random(index),
  }));
  const changed = (await by.vary(asked)).filter((text) => text !== null).length;
  assert.ok(changed > 540 && changed < 660, `${changed}`);
});

it('never replaces a negation, and none comes out', () => {
  const negation = /^(?:no|not|never|none|nor|neither|nothing|nobody|hardly|barely|scarcely|seldom|rarely)$/;
  for (const [word, readings] of table.words) {
    assert.doesNotMatch(word, negation);
    for (const { replacements } of readings)
      for (const one of replacements) assert.doesNotMatch(one, negation);
  }
});

it('says how many turns are in traditional Chinese, which the list lacks', async () => {
  const notesOf = async (texts: readonly string[]) => {
    const by = await variation(1, [dialogue(texts)]);
    return String(await by.end?.());
  };
  assert.match(
    await notesOf(['我的手機壞了', '好的', '請問']),
    /^2 turns of the corpus are in traditional Chinese/,
  );
  assert.equal(await notesOf(['我的手机坏了', '後で電話します']), '');
});
