// Mojibake of every layer and language is repaired, and text that is right stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repaired } from './mojibake.js';

const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const asLatin1 = (text: string) => Buffer.from(text).toString('latin1');
const asWindows1252 = (text: string) =>
  asLatin1(text).replace(/[\x80-\x9f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80] ?? '');

const right = [
  'It’s “right” – really…',
  'Überraschung: 20 °C, 5 µm, 3 × £35 ± ½',
  '¿Qué? ¡Está próximo!',
  '«À la carte», dit-il à Noël',
  'KNÍŽKA, ÉŽÍK, CAFÉ™, MAÇÃ…, IRMÃ”, “SPAẞ”',
  'Sœur Â l’Île d’Oléron, 7° à 9º',
  'Привет, как дела?',
  '你好，吃饭了吗？',
  '(ง ͠° ͟ل͜ ͡°)ง ¯\\_(ツ)_/¯ (´･ω･`)',
  'Charlotte Brontë…” “Zoë’”',
];

test('text that is right stays', () => {
  for (const text of right) assert.equal(repaired(text), text);
});

test('text of any language is repaired, however often it was misread', () => {
  const texts = [
    'It’s “right” – really…',
    'naïve café über señor',
    '你好，我想订一张机票。',
    'Привет, как дела?',
    'مرحبا كيف حالك',
    '좋은 아침이에요 👍🏽',
  ];
  for (const text of texts)
    for (const misread of [asLatin1, asWindows1252]) {
      assert.equal(repaired(misread(text)), text);
      assert.equal(repaired(misread(misread(text))), text);
    }
});

test('only the broken part of a text changes', () => {
  assert.equal(repaired('“Itâ€™s MAÇÃ…”'), '“It’s MAÇÃ…”');
  assert.equal(repaired('Itâ€™s 好'), 'It’s 好');
  assert.equal(repaired('\x93Hello\x94'), '“Hello”');
});

test('a no-break space that was lost is found when the text is broken elsewhere', () => {
  assert.equal(repaired('cafÃ© Ã la carte'), 'café à la carte');
  assert.equal(repaired('JAVÃ la carte'), 'JAVÃ la carte');
  assert.equal(repaired('â€œgoodâ€\ufffd'), '“good”');
});

test('what is repaired is not changed again', () => {
  const byte = fc.constantFrom(...windows1252, ...'ÂÃâéïåäðŸ a½©° ');
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 30 }), (characters) => {
      const once = repaired(characters.join(''));
      assert.equal(repaired(once), once);
    }),
    { numRuns: 300, seed: 1 },
  );
});
