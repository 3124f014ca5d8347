// How questions are found: terms, the index and its changes, similarity, and which of several answers is given.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { distance } from 'fastest-levenshtein';
import { normalize, normalizeAny } from '../normalize.js';
import type { Change, StoredPair } from '../store/store.js';
import { choosePair, recentAnswers } from './choose-pair.js';
import { closest } from './closest.js';
import { EditPattern } from './edit-pattern.js';
import { ExactMap } from './exact-map.js';
import { IdPlaces } from './id-places.js';
import { withoutPoliteness } from './light-words.js';
import { PairIndex } from './pair-index.js';
import { Postings } from './postings.js';
import { asked, differsInContent, rareOverlap, replacements, similarity } from './similarity.js';
import { piecesOf, termsOf } from './terms.js';
import { TextColumn } from './text-column.js';
import { UnitColumn } from './unit-column.js';

const misspelt = ['delivr', 'ogt'];
const flat = { idf: () => 1, has: (term: string) => !misspelt.includes(term) };

it('divides texts into words, and into pairs of characters where there are no spaces', () => {
  const cases: [string, string[]][] = [
    ['do you deliver on sundays', ['do', 'you', 'deliver', 'on', 'sundays']],
    ["it's 3 o'clock", ['it', 's', '3', 'o', 'clock']],
    ['你们周日送货吗', ['你们', '们周', '周日', '日送', '送货', '货吗']],
    ['茶', ['茶']],
    ['iphone手机 15', ['iphone', '手机', '15']],
    ['ラーメン', ['ラー', 'ーメ', 'メン']],
    ['한국어 질문', ['한국어', '질문']],
    ['ราคา', ['รา', 'าค', 'คา']],
    ['a a b', ['a', 'b']],
    ['?!', []],
    ['𠮷野家', ['𠮷野', '野家']],
    ['naïve élan', ['naïve', 'élan']],
  ];
  for (const [text, terms] of cases) assert.deepEqual(termsOf(text), terms, text);
  assert.deepEqual(piecesOf('我要 2 iphone'), ['我', '要', '2', 'iphone']);
});

it('normalizes ASCII as any other text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 12, size: 'max' }), (text) => {
      assert.equal(normalize(text), normalizeAny(text));
    }),
    { seed: 3, numRuns: 2000 },
  );
  for (const text of ['Who is it?', 'a  b', ' a', 'a ', '?!', 'a "b".', 'C#', 'A-B_c)'])
    assert.equal(normalize(text), normalizeAny(text));
});

it('keeps texts in columns, and finds them by their hash', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 3000, size: 'max' }),
      (texts) => {
        const column = new TextColumn();
        const units = new UnitColumn();
        const map = new ExactMap((index, text) => units.is(index, text));
        for (const text of texts) {
          column.add(text);
          map.add(text, units.add(text));
        }
        for (const [index, text] of texts.entries()) {
          assert.equal(column.at(index), text);
          assert.equal(units.at(index), text);
          assert.equal(map.find(text), index);
        }
        assert.equal(map.find('a text that is not there, and too long to be'), -1);
      },
    ),
    { seed: 5, numRuns: 5 },
  );
  const long = 'é'.repeat(2 ** 20);
  for (const column of [new TextColumn(), new UnitColumn()]) assert.equal(column.at(column.add(long)), long);
});

const vocabulary = Array.from({ length: 30 }, (_, index) => `word${index}`);
const words = fc.uniqueArray(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 6 });

describe('postings', () => {
  it('of which some were removed and others added are those built anew', () => {
    const step = fc.record({ document: fc.nat({ max: 25 }), terms: words, isRemoval: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), words, (steps, query) => {
        const changed = new Postings();
        const there = new Map<number, readonly string[]>();
        for (const { document, terms, isRemoval } of steps) {
          const before = there.get(document);
          if (before) {
            changed.remove(document);
            there.delete(document);
          }
          if (isRemoval) continue;
          changed.add(document, terms);
          there.set(document, terms);
        }
        const built = new Postings();
        for (const [document, terms] of [...there].sort(([one], [other]) => one - other))
          built.add(document, terms);
        assert.equal(changed.size, there.size);
        assert.deepEqual(changed.search(query, 10, 1000), built.search(query, 10, 1000));
        for (const term of vocabulary) assert.equal(changed.idf(term), built.idf(term));
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('stay right when they are laid out anew', () => {
    const postings = new Postings();
    for (let document = 0; document < 40_000; document++)
      postings.add(document, [`word${document % 100}`, `rare${document}`]);
    for (let document = 0; document < 40_000; document += 2) postings.remove(document);
    assert.equal(postings.size, 20_000);
    assert.deepEqual(
      postings.search(['rare39999', 'word99'], 2, 60_000).map(({ document }) => document),
      [39_999, 99],
    );
    assert.deepEqual(postings.search(['rare39998'], 2, 60_000), []);
    assert.equal(postings.search(['word1'], 1000, 60_000).length, 400);
  });

  it('leave frequent terms out when rarer ones have found enough', () => {
    const postings = new Postings();
    for (let document = 0; document < 5000; document++)
      postings.add(document, ['the', `word${document % 10}`]);
    const found = (most: number) => postings.search(['the', 'word1'], most, 60_000);
    assert.equal(found(25).length, 25);
    assert.equal(found(600).length, 600);
    // What is found counts with all its terms all the same.
    assert.deepEqual(found(25), found(600).slice(0, 25));
    assert.ok(postings.search(['word1'], 600, 60_000).length === 500);
    assert.deepEqual(new Set(found(20).map(({ document }) => document % 10)), new Set([1]));
  });

  it('find rare terms before frequent ones, within the budget', () => {
    const postings = new Postings();
    for (let document = 0; document < 1000; document++)
      postings.add(document, document === 700 ? ['the', 'needle'] : ['the', `hay${document}`]);
    assert.equal(postings.search(['the', 'needle'], 5, 1)[0]?.document, 700);
    assert.equal(postings.search(['the'], 5000, 100).length, 100);
    assert.deepEqual(postings.search(['unknown'], 5, 100), []);
  });
});

const stored = (
  id: number,
  question: string,
  answer: string,
  more: Partial<StoredPair> = {},
): StoredPair => ({
  ...{ id, question, answer, previous: null, source: `faq.csv:${id}`, count: 1, up: 0, down: 0 },
  ...more,
});

it('finds the places of ids, also of large ones', () => {
  const places = new IdPlaces();
  for (const [place, id] of [1, 2, 3, 40_000, 2 ** 40, 5].entries()) places.add(id, place);
  assert.deepEqual(
    [1, 3, 40_000, 2 ** 40, 5].map((id) => places.get(id)),
    [0, 2, 3, 4, 5],
  );
  for (const id of [3, 2 ** 40, 2 ** 40, 7]) places.delete(id);
  assert.deepEqual(
    [3, 4, 7, 2 ** 40, 2 ** 40 + 1, -1].map((id) => places.get(id)),
    Array(6).fill(-1),
  );
  assert.equal(places.size, 4);
});

it('follows the changes of a store', () => {
  const index = new PairIndex(normalize);
  const kept = (pair: StoredPair): Change => ({ kind: 'kept', pair, change: 1 });
  index.apply(kept(stored(1, 'Open?', 'Yes', { previous: '' })));
  index.apply(kept(stored(7, 'open', 'No')));
  index.apply(kept(stored(3, 'Closed?', 'No')));
  const open = index.find('open');
  assert.deepEqual(
    index.pairsOf(open).map(({ id, answer, previous }) => [id, answer, previous]),
    [
      [1, 'Yes', ''],
      [7, 'No', null],
    ],
  );
  index.apply(kept(stored(7, 'open', 'No', { count: 5, up: 2, down: 1 })));
  assert.deepEqual(index.pairsOf(open)[1], stored(7, 'open', 'No', { count: 5, up: 2, down: 1 }));
  index.apply({ kind: 'removed', id: 1, change: 2 });
  index.apply({ kind: 'removed', id: 1, change: 2 });
  assert.deepEqual(
    index.pairsOf(open).map(({ id }) => id),
    [7],
  );
  index.apply({ kind: 'removed', id: 7, change: 3 });
  assert.equal(index.find('open'), -1);
  assert.equal(index.size, 1);
  assert.deepEqual(index.search(['open'], 5), []);
  index.apply(kept(stored(9, 'open', 'Again')));
  assert.equal(index.search(['open'], 5).length, 1);
});

it('compares many questions at once as the definition compares two', () => {
  const word = fc.constantFrom(
    ...['deliver', 'delivr', 'deliverd', 'orders', 'order', 'ordre', 'mother', 'father', 'on', '15', '16'],
    ...[
      'please',
      'hi',
      'thanks',
      '你好',
      '请问',
      '送货吗',
      '周日送货',
      'naïve',
      'a',
      'b',
      'sundays and holidays too',
    ],
  );
  const text = fc.array(word, { minLength: 1, maxLength: 9 }).map((all) => normalize(all.join(' ')));
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 60 }), text, (known, question) => {
      const index = new PairIndex(normalize);
      for (const [id, one] of known.entries())
        index.apply({ kind: 'kept', pair: stored(id + 1, one, 'Yes'), change: 1 });
      const one = asked(question);
      const matches = index.search(one.terms, 50).filter(({ document }) => known[document] !== question);
      const expected = matches
        .map(({ document }) => ({
          known: document,
          score: similarity(one, asked(known[document] ?? ''), index.postings),
        }))
        .sort((a, b) => b.score - a.score || a.known - b.known)
        .slice(0, 5);
      assert.deepEqual(closest(one, matches, index, 5), expected);
    }),
    { seed: 9, numRuns: 150 },
  );
});

it('counts edits as the package for two texts does', () => {
  const text = fc.string({ unit: fc.constantFrom(...'abc', '你', '好', '😀'), maxLength: 100, size: 'max' });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const column = new UnitColumn();
      column.add('other texts');
      const at = column.add(other);
      const given = new EditPattern(one).distance(column.chunkOf(at), column.startOf(at), column.endOf(at));
      assert.equal(given, distance(one, other));
    }),
    { seed: 4, numRuns: 500 },
  );
});

describe('similarity', () => {
  it('is 1 only for equal texts, and symmetric, from 0 to 1', () => {
    const text = fc
      .array(fc.constantFrom(...vocabulary, '你好', '3', 'hi'), { maxLength: 8 })
      .map((all) => all.join(' '));
    fc.assert(
      fc.property(text, text, (one, other) => {
        const score = similarity(asked(one), asked(other), flat);
        assert.ok(score >= 0 && score <= 1);
        assert.equal(score === 1, one === other);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('counts a misspelt word as far as it agrees', () => {
    const right = rareOverlap(['do', 'deliver'], ['do', 'deliver'], flat);
    const nearly = rareOverlap(['do', 'delivr'], ['do', 'deliver'], flat);
    const other = rareOverlap(['do', 'banana'], ['do', 'deliver'], flat);
    assert.equal(right, 1);
    assert.ok(nearly > 0.8 && nearly < 1, `${nearly}`);
    assert.ok(other < 0.4);
  });

  it('leaves politeness out', () => {
    const cases: [string, string][] = [
      ['hi, please where is my order', 'where is my order'],
      ['where is my order thanks', 'where is my order'],
      ['hello', 'hello'],
      ['hidden fees', 'hidden fees'],
      ['so-called friends', 'so-called friends'],
      ['请问你们几点开门呢', '你们几点开门'],
      ['你好', '你好'],
      ['那么贵', '那么贵'],
    ];
    for (const [text, plain] of cases) assert.equal(withoutPoliteness(text), plain);
  });
});

describe('questions about something else', () => {
  const cases: [string, string, boolean][] = [
    ['i need a job', 'i need a car', true],
    ['还记得主演是谁', '还记得导演是谁', true],
    ['is size 42 there', 'is size 43 there', true],
    ['who is your mother', 'who is your father', true],
    ['do you deliver on saturdays', 'do you deliver on sundays', true],
    ['do you delivr on sundays', 'do you deliver on sundays', false],
    ['do you deliver on sunday', 'can you deliver on sunday', false],
    ['where my order', 'where is my order', false],
    ['i got a job', 'i ogt a job', false],
    ['ogt he job', 'i got the job', false],
    ['delivr you on sundays', 'will deliver it on sundays', false],
    ['want tea delivr', 'want a car', true],
    ['你们周日送货吗', '周日送货吗', false],
    ['what is this', 'what is this', false],
  ];
  for (const [one, other, differs] of cases)
    it(`${differs ? 'are' : 'are not'} "${one}" and "${other}"`, () => {
      assert.equal(differsInContent(asked(one), asked(other), flat, 0.5), differs);
      assert.equal(differsInContent(asked(other), asked(one), flat, 0.5), differs);
    });

  it('are aligned by what they share', () => {
    assert.deepEqual(replacements(['a', 'b', 'c', 'd'], ['a', 'x', 'y', 'd', 'e']), [
      [
        ['b', 'c'],
        ['x', 'y'],
      ],
    ]);
    assert.deepEqual(replacements(['a', 'b'], ['b', 'a']), []);
  });
});

describe('the choice among several answers', () => {
  const pairs = [
    stored(1, 'hi', 'Hello'),
    stored(2, 'hi', 'Hey', { count: 3 }),
    stored(3, 'hi', 'Good to see you again', { previous: 'Goodbye then' }),
  ];
  const context = {
    form: normalize,
    previous: null,
    recent: new Set<string>(),
    rejected: new Set<string>(),
    choice: 'frequent',
    seed: 1,
    turn: 1,
  } as const;
  const said = (more: object) => choosePair(pairs, { ...context, ...more }, flat)?.pair.answer;

  it('gives no answer that was rejected', () => {
    assert.equal(said({ rejected: new Set(['Hey']) }), 'Hello');
    assert.equal(said({ rejected: new Set(pairs.map(({ answer }) => answer)) }), undefined);
  });

  it('goes by frequency and votes, by order, or by the seed', () => {
    assert.equal(said({}), 'Hey');
    assert.equal(said({ choice: 'first' }), 'Hello');
    const disliked = pairs.map((pair) => (pair.id === 2 ? { ...pair, down: 2 } : pair));
    assert.equal(choosePair(disliked, context, flat)?.pair.answer, 'Hello');
    const drawn = Array.from({ length: 200 }, (_, seed) => said({ choice: 'random', seed }));
    assert.deepEqual([...new Set(drawn)].sort(), ['Good to see you again', 'Hello', 'Hey']);
    assert.ok(drawn.filter((one) => one === 'Hey').length > 80);
    assert.equal(said({ choice: 'random', seed: 9 }), said({ choice: 'random', seed: 9 }));
  });

  it('prefers what was learned after the same turn', () => {
    assert.equal(said({ previous: asked('goodbye then') }), 'Good to see you again');
    assert.equal(said({ previous: asked('something else') }), 'Hey');
  });

  it('repeats no answer while there is another', () => {
    assert.equal(said({ rejected: new Set<string>(), recent: new Set(['Hey']) }), 'Hello');
    assert.equal(
      said({ rejected: new Set<string>(), recent: new Set(['Hey', 'Hello', 'Good to see you again']) }),
      'Hey',
    );
    assert.deepEqual([...recentAnswers(['hi', 'Hello', 'hi', 'Hey', 'hi'], 10)], ['Hello', 'Hey']);
    assert.deepEqual([...recentAnswers(['hi', 'Hello', 'hi', 'Hey', 'hi'], 1)], ['Hey']);
    assert.deepEqual([...recentAnswers(['hi'], 10)], []);
  });
});
