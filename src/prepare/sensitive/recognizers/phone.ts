// Phone numbers, by the numbering plans in libphonenumber. A number without a country code is tried in each of the chosen
// regions. Numbers in no plan count after a cue word, because people also write them wrongly.

import type { PhoneNumber } from 'libphonenumber-js/max';
import type { Random } from '../../../random.js';
import { digitsOf, isRepeated } from '../checksums.js';
import { randomDigits, withDigits } from '../fakes.js';
import type { Form, Recognizer, Span } from '../recognizer.js';

/** A run of digits with single separators. The library looks for numbers in it. */
const candidate =
  /(?<![A-Za-z\d_#$€£¥@=&-])(?<!\d[.,:/])(?:\+ ?|00 ?)?\(?\+?\d(?:[ \u00a0()./\u2010-\u2015-]{0,3}\d){6,17}(?:[ ,;]{0,2}(?:x|ext\.?|转|分机) ?\d{1,6})?(?![A-Za-z\d_]|[.,:]\d| ?(?:[%$€£¥元块亿万]|[美日欧港澳加]元|美金|法郎|英镑|卢布|人民币|dollars|euros|pounds|USD|EUR|CNY|RMB))/giu;

/** With what it is behind it: `212 736 5000 (office)`. */
const labelled = new RegExp(
  `${candidate.source}(?=[ ,(-]{0,3}(?:office|fax|mobile|cell|home|desk|work|手机|座机|电话)(?![A-Za-z]))`,
  'giu',
);

/** What numbers that are no phone numbers are called. */
const otherNumber =
  /(?:(?<![A-Za-z])(?:order|invoice|ticket|case|tracking|ref(?:erence)?|serial|item|part|model|version|account|batch|sku|isbn|ean|id|uid|no\. of \w{1,20})|订单|单号|工单|编号|票号|货号|型号|版本|流水|批次|序列|账号|帐号|户号|房号|快递|运单|条码|邮编|编码|验证码|QQ|群)(?:\s?(?:number|num|no|code|id|号码?|号))?\.?\s{0,2}(?:is|was|为|是)?\s{0,2}[#:：]?\s{0,2}$/iu;

const phoneWords =
  /(?:phone|call|tel|cell|mobile|fax|desk|office|home|landline|sms|messages? (?:to|on)|registered|whatsapp|text me|reach (?:me|us|him|her)|dial|ring|my number|contact number|电话|手机|致电|拨打|联系方式|座机|热线|来电|telefon|handy|mobil|téléphone|teléfono)[^\d]{0,20}$/iu;

const isDate =
  /^(?:(?:19|20)\d\d[-./ ]?\d{1,2}[-./ ]?\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d)(?:\D|$)/u;

/** The most digits of a number (ITU-T E.164), and the fewest of one that people write without its area code. */
const [fewest, most] = [7, 15];

/** People write a number in fewer groups of digits. The library needs a long time for each long list of small numbers. */
const mostGroups = 8;

/** In a long list of numbers, those that are written without spaces or with a country code. */
const isUnlikeList = /^\(?(?:\+|\d{7})/;

function groupsIn(value: string): number {
  return value.match(/\d{1,20}/g)?.length ?? 0;
}

function isWritten(value: string): boolean {
  const digits = digitsOf(value.replace(/(?:x|ext|转|分机).{0,40}$/iu, ''));
  return digits.length >= fewest && digits.length <= most && !isRepeated(digits) && !isDate.test(value);
}

/** With the country code, or with the digits that people of the country dial. Otherwise it may be any number. */
function isWrittenSo(value: string, number: PhoneNumber): boolean {
  if (/^\(?(?:\+|00)/.test(value)) return true;
  const digits = digitsOf(value);
  return digits === digitsOf(number.formatNational()) || digits === digitsOf(number.number);
}

async function formsFor(regions: readonly string[]): Promise<readonly Form[]> {
  const { findPhoneNumbersInText, isSupportedCountry, parsePhoneNumberFromString } = await import(
    'libphonenumber-js/max'
  );
  const countries = regions.filter((region) => isSupportedCountry(region));
  const parts = (value: string): readonly Span[] => {
    if (isDate.test(value) || groupsIn(value) > mostGroups) return [];
    for (const country of countries) {
      const number = parsePhoneNumberFromString(value, country);
      if (number?.isValid() && isWrittenSo(value, number)) return [[0, value.length]];
    }
    for (const country of countries) {
      const inside = findPhoneNumbersInText(value, country).filter(({ startsAt, endsAt, number }) =>
        isWrittenSo(value.slice(startsAt, endsAt), number),
      );
      if (inside.length > 0) return inside.map(({ startsAt, endsAt }) => [startsAt, endsAt] as const);
    }
    return [];
  };
  return [
    { pattern: candidate, unless: otherNumber, parts, isWorthSearching: (value) => isUnlikeList.test(value) },
    { pattern: candidate, unless: otherNumber, cues: phoneWords, confirms: isWritten },
    { pattern: labelled, confirms: isWritten },
    {
      pattern: candidate,
      unless: otherNumber,
      confirms: (value) => /^\(?\+\d/.test(value) && isWritten(value),
    },
  ];
}

/** Digits that regulators keep for fiction, where there are such. Otherwise digits that no operator has been given. */
function fakePhone(random: Random, value: string): string {
  const digits = digitsOf(value);
  const fiction = `55501${randomDigits(2, random)}`;
  const rest = Math.max(0, digits.length - fiction.length);
  return withDigits(
    value,
    `${digits.slice(0, Math.min(rest, 3))}${randomDigits(Math.max(0, rest - 3), random)}${fiction}`,
  );
}

export const phone: Recognizer = {
  entity: 'phone',
  about:
    'phone numbers of any country with its code, and of the chosen regions without; others after words such as “call”',
  byDefault: true,
  digits: fewest,
  forms: ({ phoneRegions }) => formsFor(phoneRegions),
  fake: fakePhone,
  finds: [
    ['Call +49 30 901820 today', '+49 30 901820'],
    ['my number is (212) 736-5000.', '(212) 736-5000'],
    ['ring 020 7946 0958', '020 7946 0958'],
    ['我的手机是13812345678', '13812345678'],
    ['打138-1234-5678找我', '138-1234-5678'],
    ['座机010-65551234转801', '010-65551234转801'],
    ['电话：＋８６ １３９１２３４５６７８', '+86 13912345678'],
    ['tel. 467 3395', '467 3395'],
    ['phone 212.736.5000x459', '212.736.5000x459'],
  ],
  passes: [
    'on 2024-01-15 at 12:30',
    'order number 13812345678',
    '订单号：13812345678',
    'it costs 1,250,000 dollars',
    'version 10.15.7.1234567',
    '1234567',
    'pi is 3.14159265358979',
    '价格是12345678元',
    '2024.01.15 - 2024.02.20',
    '1 2 3 4 5 6 7 8 9 10 11 12 13 14',
  ],
};
