// Names of people after words that announce them. The names of the speakers are found by names.ts.

import { chineseSurnames, notNames } from '../common-words.js';
import { fakeName } from '../fakes.js';
import type { Recognizer } from '../recognizer.js';

const word = String.raw`\p{Lu}[\p{L}'’-]{1,30}`;
const name = `(?<value>${word}(?: ${word}){0,2})`;
const surname = `(?:欧阳|司马|诸葛|上官|夏侯|[${chineseSurnames}])`;
/** What follows a Chinese name in a sentence. */
const ends = String.raw`(?=$|[^\p{Script=Han}·]|今年|来自|目前|住在|是|在|的|想|要|和|也)`;
const announced = String.raw`(?:我叫|我的名字[是叫]|名字[是叫]|姓名\s?[:是为]|本人|联系人\s?[:是]|收件人\s?[:是]|收货人\s?[:是]|户主\s?[:是])\s?`;

/** Words that follow “my name is” without being a name. */
const otherWords = new Set(
  'a also an already called correct different difficult easy hard here in irrelevant it just long misspelled my no not on pronounced probably really secret short so spelled spelt still that the too unimportant unusual what wrong'.split(
    ' ',
  ),
);

const isNoRole = (value: string) => !notNames.has((value.split(' ')[0] ?? '').toLowerCase());

export const personName: Recognizer = {
  entity: 'name',
  about:
    'the names of all speakers and those of a given list, wherever they occur; other names after words such as “my name is” or 我叫',
  byDefault: true,
  digits: 0,
  forms: [
    {
      pattern: new RegExp(
        String.raw`\b(?:[Mm]y (?:full |first |last )?[Nn]ame(?: is|['’]s| was|:)|[Nn]ame\s?:|I am called|[Cc]all me|[Ii]t['’]s me,) ${name}`,
        'gu',
      ),
      confirms: isNoRole,
    },
    {
      pattern: new RegExp(String.raw`\b(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Mme|Sra?)\b\.? ${name}`, 'gu'),
      confirms: isNoRole,
    },
    {
      pattern: new RegExp(
        String.raw`\b(?:[Tt]his is|I am|I['’]m) ${name}(?= speaking| from | calling| here\b)`,
        'gu',
      ),
      confirms: isNoRole,
    },
    {
      pattern: new RegExp(
        String.raw`\b(?:[Rr]egards|[Ss]incerely|[Bb]est wishes|[Tt]hanks|[Cc]heers|Grüße|Grüßen)[,.!]?\s?\n\s?${name}`,
        'gu',
      ),
      confirms: isNoRole,
    },
    {
      pattern: new RegExp(
        String.raw`\b(?:Dear|Hi|Hello|Hey|Liebe|Lieber|Hallo) (?<value>${word}(?: ${word})?)(?=[,!:]|\n)`,
        'gu',
      ),
      confirms: isNoRole,
    },
    {
      pattern: /\bmy name(?: is|['’]?s) (?<value>\p{L}[\p{L}'’-]{1,30})(?![\p{L}'’-])/giu,
      confirms: (value) => isNoRole(value) && !otherWords.has(value.toLowerCase()),
    },
    { pattern: new RegExp(String.raw`${announced}(?<value>${surname}[\p{Script=Han}]{1,2}?)${ends}`, 'gu') },
    { pattern: new RegExp(String.raw`${announced}(?<value>${surname}[\p{Script=Han}]{2})`, 'gu') },
    { pattern: new RegExp(String.raw`(?:我姓|免贵姓|贵姓)\s?(?<value>${surname})`, 'gu') },
    {
      pattern: new RegExp(
        String.raw`(?<![\p{Script=Han}])(?<value>${surname}[\p{Script=Han}]{0,2}?)(?=先生|女士|小姐|太太)`,
        'gu',
      ),
    },
  ],
  fake: (random, value) =>
    /\p{Script=Han}/u.test(value) ? fakeName(random, true).join('') : fakeName(random, false).join(' '),
  finds: [
    ['Hi, my name is Jane Doe and I need help', 'Jane Doe'],
    ['my name is jane', 'jane'],
    ['Ask Dr. Miller.', 'Miller'],
    ['This is Peter from accounting', 'Peter'],
    ['Best regards,\nAnna Lee', 'Anna Lee'],
    ['我叫王芳，今年二十岁', '王芳'],
    ['收件人：欧阳娜娜', '欧阳娜娜'],
    ['李女士您好', '李'],
    ['我姓陈', '陈'],
  ],
  passes: [
    'my name is not important',
    'This is Great',
    'Dear Customer,',
    'Hello there!',
    '我叫了一辆车',
    '这位先生您好',
    'call me later',
    '女士优先',
  ],
};
