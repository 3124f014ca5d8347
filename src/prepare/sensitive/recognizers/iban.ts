// International bank account numbers: country, length and checksum (ISO 13616).

import { mod97 } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

/** Lengths from the registry of SWIFT, by country. */
const lengths = new Map(
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

function isIban(value: string): boolean {
  const characters = value.replace(/[ -]/g, '').toUpperCase();
  if (lengths.get(characters.slice(0, 2)) !== characters.length) return false;
  return mod97(characters.slice(4) + characters.slice(0, 4)) === 1;
}

/** What follows may be a word, so the number ends where its country says. */
function ibanAtStart(value: string): readonly (readonly [number, number])[] {
  const length = lengths.get(value.slice(0, 2).toUpperCase()) ?? 0;
  let end = 0;
  for (let characters = 0; end < value.length && characters < length; end++)
    if (/[A-Za-z\d]/.test(value[end] ?? '')) characters++;
  const isWhole = !/[A-Za-z\d]/.test(value[end] ?? '');
  return isWhole && isIban(value.slice(0, end)) ? [[0, end]] : [];
}

export const iban: Recognizer = {
  entity: 'iban',
  about: 'bank account numbers (IBAN), with their checksum',
  byDefault: true,
  digits: 8,
  forms: [
    {
      pattern: /(?<![A-Za-z\d])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z\d]{1,4}){3,10}/gu,
      parts: ibanAtStart,
    },
  ],
  finds: [
    ['Pay to GB82 WEST 1234 5698 7654 32 please', 'GB82 WEST 1234 5698 7654 32'],
    ['de89370400440532013000', 'de89370400440532013000'],
    ['账户FR1420041010050500013M02606。', 'FR1420041010050500013M02606'],
    ['NL91-ABNA-0417-1643-00', 'NL91-ABNA-0417-1643-00'],
  ],
  passes: [
    'GB82 WEST 1234 5698 7654 33',
    'model AB12 3456 7890 1234',
    'DE89 is a road',
    'XX82WEST12345698765432',
  ],
};
