// Chinese in the wrong encoding is repaired, and Chinese that is right is never changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { windows1252 } from '../../corpus/windows-1252.js';
import type { Repair } from '../rule.js';
import { gbkMojibake } from './gbk-mojibake.js';

const repaired = (await gbkMojibake.start({})) as Repair;
const gbk = new TextDecoder('gbk');
const utf8AsGbk = (text: string) => gbk.decode(Buffer.from(text));

/** Sentences with rare characters, traditional ones, names, numbers, signs and English words. */
const sentences = [
  '你好，请问有什么可以帮您？',
  '我的订单还没有到，已经等了三天了。',
  '鳜鱼多少钱一斤？二十八块。',
  '爸爸去买饺子皮，妈妈在家里做馅儿',
  '瑜伽课改到星期六上午10:30，别迟到哦！',
  '這個問題我們已經知道了，謝謝您的耐心',
  '魑魅魍魉、饕餮、貔貅，都是传说里的',
  'iPhone 15 Pro的电池能用多久？',
  '哈哈哈哈哈，你也太搞笑了吧😂',
  '嗯',
  '王梓涵住在浙江省衢州市衢江区',
  '鑫淼公司的璟琪说：“明天见。”',
] as const;

test('right Chinese stays', () => {
  for (const text of sentences) assert.equal(repaired(text), text);
  const han = fc.integer({ min: 0x4e00, max: 0x9fff }).map((code) => String.fromCharCode(code));
  const common = fc.constantFrom(...sentences.join(''));
  const signs = fc.constantFrom('，', '。', ' ', 'a', '1', '?', '“', 'é', '\ufffd');
  fc.assert(
    fc.property(fc.array(fc.oneof(han, common, signs), { maxLength: 30 }), (characters) => {
      assert.equal(repaired(characters.join('')), characters.join(''));
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('UTF-8 that was read as GBK is repaired, but for a last character that lost a byte', () => {
  for (const text of sentences.filter((sentence) => sentence.length > 4)) {
    const broken = utf8AsGbk(text);
    assert.notEqual(broken, text);
    // Before ASCII, half of all characters lose a byte. Nothing else does.
    const restored = repaired(broken);
    const isSame = [...restored].every(
      (character, at) => character === [...text][at] || character === '\ufffd',
    );
    assert.ok(isSame && restored.split('\ufffd').length <= 4, `${text} ${restored}`);
  }
});

test('GBK that was read as Windows-1252 or Latin-1 is repaired', () => {
  // 你好，再见。很好的朋友
  const bytes = 'c4e3bac3a3acd4d9bcfba1a3badcbac3b5c4c5f3d3d1';
  const latin = Buffer.from(bytes, 'hex').toString('latin1');
  const text = gbk.decode(Buffer.from(bytes, 'hex'));
  assert.equal(repaired(latin), text);
  const windows = latin.replace(/[\x80-\x9f]/g, (one) => windows1252[one.charCodeAt(0) - 0x80] ?? one);
  assert.equal(repaired(`Ann: ${windows}!`), `Ann: ${text}!`);
});

test('text with accents stays', () => {
  const texts = [
    'Größe, Öl, ÄÖÜß',
    'Ça va où? Là-bas… «été»',
    '¡¡¡Sí!!! ½ ¼ ¾',
    'ÉÈÊË ÀÂÄ ÎÏ ÔÖ ÛÜ',
    '£££ €€ °C',
  ];
  for (const text of texts) assert.equal(repaired(text), text);
});
