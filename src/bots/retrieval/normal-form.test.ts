// What retrieval takes for the same question: simplified characters and synonyms, and what they change about answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { questionOf } from '../../../test/bots/describe-bot.js';
import { defaultAnswers } from '../answer-settings.js';
import { MemoryStore } from '../store/memory-store.js';
import { asWritten, normalFormOf, type Wording } from './normal-form.js';
import { RetrievalBot } from './retrieval-bot.js';

const synonyms = [
  ['mobile', 'Cellphone', 'cell phone', 'cell'],
  ['运费', '邮费', '快递费用'],
  ['4G', 'LTE'],
];
const wordings = {
  simplified: { chinese: 'simplified', synonyms: [] },
  synonyms: { chinese: 'as-written', synonyms },
  both: { chinese: 'simplified', synonyms },
} as const satisfies Record<string, Wording>;

describe('the normal form of a question', () => {
  const cases: [keyof typeof wordings, from: string, to: string][] = [
    ['simplified', '運費多少？', '运费多少'],
    ['simplified', '頭髮乾了以後發貨嗎', '头发干了以后发货吗'],
    ['simplified', 'Where is 訂單 12?', 'where is 订单 12'],
    ['synonyms', 'Is there a cellphone plan?', 'is there a mobile plan'],
    ['synonyms', 'a CELL PHONE, or a cell?', 'a mobile, or a mobile'],
    ['synonyms', 'cellphones and excellent cells', 'cellphones and excellent cells'],
    ['synonyms', '快递费用和邮费', '运费和运费'],
    ['synonyms', '有LTE手机吗', '有4g手机吗'],
    ['synonyms', '郵費', '郵費'],
    ['both', '郵費多少', '运费多少'],
  ];
  for (const [wording, from, to] of cases)
    it(`is "${to}" for "${from}" (${wording})`, () => {
      assert.equal(normalFormOf(wordings[wording])(from), to);
    });

  it('stays as it is when it is made again', () => {
    const form = normalFormOf(wordings.both);
    const words = fc.constantFrom(...synonyms.flat(), '苧', '薴', '乾', '後', ' ', '，', 'x', '😀');
    fc.assert(
      fc.property(fc.array(words), (parts) => {
        const once = form(parts.join(''));
        assert.equal(form(once), once);
      }),
      { seed: 15, numRuns: 300 },
    );
  });
});

describe('a bot', () => {
  const known = [
    ['Is there a mobile plan?', 'Yes, from 9 euros.'],
    ['Is there a family plan?', 'Yes, from 29 euros.'],
    ['Is there a business plan?', 'Ask our sales team.'],
    ['Is there a student plan?', 'No.'],
    ['运费多少', '十元。'],
    ['手机多少', '一千元。'],
  ].map(([question = '', answer = '']) => ({ question, answer, previous: null, source: 'faq.csv:1' }));

  async function answer(wording: Wording, text: string, more: typeof known = []): Promise<string | null> {
    const store = new MemoryStore();
    await store.learn([...known, ...more]);
    const bot = await RetrievalBot.open(store, defaultAnswers, { wording });
    const given = await bot.answer(questionOf([text]), () => {});
    return given.kind === 'said' ? given.text : null;
  }

  it('takes a synonym for the same word, and not for another', async () => {
    assert.equal(await answer(asWritten, 'is there any cellphone plan'), null);
    assert.equal(await answer(wordings.synonyms, 'is there any cellphone plan'), 'Yes, from 9 euros.');
    assert.equal(await answer(wordings.synonyms, 'is there any prepaid plan'), null);
  });

  it('prefers an answer to just these words', async () => {
    const more = known.slice(0, 1).map((one) => ({
      ...one,
      question: 'Is there a cellphone plan?',
      answer: 'Not any more.',
    }));
    assert.equal(await answer(wordings.synonyms, 'Is there a cellphone plan?', more), 'Not any more.');
    assert.equal(await answer(wordings.synonyms, 'Is there a mobile plan?', more), 'Yes, from 9 euros.');
  });

  it('finds traditional characters in what it learned in simplified ones, and the reverse', async () => {
    const more = known.slice(0, 1).map((one) => ({ ...one, question: '退貨期限', answer: '七天。' }));
    assert.equal(await answer(asWritten, '運費多少'), null);
    assert.equal(await answer(wordings.simplified, '運費多少'), '十元。');
    assert.equal(await answer(wordings.simplified, '退货期限', more), '七天。');
  });
});
