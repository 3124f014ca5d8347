import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { Dialogue, Turn } from '../dialogue.js';
import { lengthsOf } from './histogram.js';
import { Languages } from './language.js';
import { CorpusStatistics } from './statistics.js';

const said = (text: string, turn: Partial<Turn> = {}): Turn => ({ text, supervised: true, ...turn });
const dialogue = (...turns: readonly Turn[]): Dialogue => ({ turns, source: 'a:1' });

describe('statistics', () => {
  const statistics = new CorpusStatistics({
    tokensOf: null,
    languageOf: ({ turns }) => (turns.length > 2 ? 'en' : 'de'),
    lossOn: 'auto',
  });
  statistics.see(
    dialogue(
      said('Be kind.', { role: 'system', supervised: false }),
      said('How are you?', { speaker: 'Ann', time: 5000 }),
      said('Fine, thanks a lot!', { speaker: 'Bob', time: 7000 }),
      said('Good.', { speaker: 'Ann', time: 9000 }),
    ),
  );
  statistics.see(dialogue(said('Hi', { speaker: 'Cara' }), said('Yes', { speaker: 'Ann', time: 1000 })));
  const result = statistics.result();

  it('count what was said, and what is learned of it', () => {
    const { dialogues, turns, learntTurns, words, characters, tokens, unit } = result;
    assert.deepEqual(
      { dialogues, turns, learntTurns, words, characters, tokens, unit },
      { dialogues: 2, turns: 6, learntTurns: 3, words: 12, characters: 49, tokens: null, unit: 'words' },
    );
    assert.deepEqual(result.languages, [
      ['en', 1],
      ['de', 1],
    ]);
  });

  it('name who speaks how much, and when', () => {
    assert.deepEqual([result.firstTime, result.lastTime], [1000, 9000]);
    assert.deepEqual(
      result.speakers.map(({ name, role, turns, words, replies, shareOfReplies, firstTime, lastTime }) =>
        [name ?? role, turns, words, replies, shareOfReplies, firstTime, lastTime].join(' '),
      ),
      [`Ann 3 5 2 ${2 / 3} 1000 9000`, 'system 1 2 0 0  ', `Bob 1 4 1 ${1 / 3} 7000 7000`, 'Cara 1 1 0 0  '],
    );
  });

  it('tell people with one name apart by their ids', () => {
    const both = new CorpusStatistics({
      tokensOf: (text) => text.length + 1,
      languageOf: null,
      lossOn: 'auto',
    });
    both.see(
      dialogue(
        said('abc', { speaker: 'Ann', speakerId: '1' }),
        said('de', { speaker: 'Ann', speakerId: '2' }),
      ),
    );
    const { speakers, tokens, unit, lengths } = both.result();
    assert.equal(speakers.length, 2);
    assert.deepEqual([tokens, unit, lengths?.longest], [7, 'tokens', 7]);
  });
});

test('lengths have quantiles and bars that begin at round numbers', () => {
  assert.equal(lengthsOf(new Uint32Array()), null);
  const lengths = lengthsOf(Uint32Array.from({ length: 100 }, (_, index) => 100 - index));
  assert.deepEqual([lengths?.shortest, lengths?.median, lengths?.p95, lengths?.longest], [1, 51, 96, 100]);
  assert.deepEqual(
    lengths?.histogram.map(({ from, to, count }) => `${from}-${to}: ${count}`),
    ['1-1: 1', '2-4: 3', '5-9: 5', '10-19: 10', '20-49: 30', '50-99: 50', '100-199: 1'],
  );
});

test('languages are told apart by script, and by the detector', async () => {
  const languages = await Languages.load();
  for (const [text, language] of [
    ['我想订一张去北京的机票 iPhone', 'zh'],
    ['これはペンです。明日行きますか', 'ja'],
    ['안녕하세요, 주문 언제 와요?', 'ko'],
    ['Привет, как дела? Когда придёт мой заказ?', 'ru'],
    ['Привіт', 'uk'],
    ['ok', 'unknown'],
    ['123 ...', 'unknown'],
  ] as const)
    assert.equal(languages.ofText(text), language, text);
  const german = languages.of(
    dialogue(said('Wann kommt meine Bestellung an?'), said('Sie ist leider noch nicht da.')),
  );
  assert.equal(german, languages.isComplete ? 'de' : 'unknown');
});
