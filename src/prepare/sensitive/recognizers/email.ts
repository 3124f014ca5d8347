// E-mail addresses, also those with an internationalized name or domain.

import { randomDigits } from '../fakes.js';
import type { Recognizer } from '../recognizer.js';

// Without Han characters: directly before an address they belong to the sentence.
const script = String.raw`\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}`;
const letters = String.raw`${script}\p{Nd}`;
const label = `[${letters}](?:[${letters}-]{0,61}[${letters}])?`;
const asciiLabel = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

export const email: Recognizer = {
  entity: 'email',
  about: 'e-mail addresses',
  byDefault: true,
  digits: 0,
  forms: [
    {
      needs: '@',
      pattern: new RegExp(
        String.raw`(?<![A-Za-z0-9._%+'-])[A-Za-z0-9_%+](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_%+-])?@(?:${asciiLabel}\.){1,6}[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z](?![A-Za-z0-9@])`,
        'gu',
      ),
    },
    {
      needs: '@',
      pattern: new RegExp(
        String.raw`(?<![${letters}._%+'-])[${letters}_](?:[${letters}._%+'-]{0,62}[${letters}_-])?@(?:${label}\.){1,6}(?:[${script}]{2,12}|xn--[a-z0-9-]{2,40})(?![${letters}@])`,
        'gu',
      ),
    },
    {
      pattern:
        /(?<![A-Za-z0-9._-])[A-Za-z0-9](?:[A-Za-z0-9._-]{0,40}[A-Za-z0-9])?\s?[([{<]\s?(?:at|AT)\s?[)\]}>]\s?(?:[A-Za-z0-9-]{1,40}\s?(?:\.|[([{<]\s?(?:dot|DOT)\s?[)\]}>])\s?){1,4}[A-Za-z]{2,12}(?![A-Za-z0-9])/gu,
    },
  ],
  fake: (random) => `user${randomDigits(6, random)}@example.com`,
  finds: [
    ['Mail me: john.smith+shop@mail.example.co.uk.', 'john.smith+shop@mail.example.co.uk'],
    ['请发到zhang_wei88@qq.com谢谢', 'zhang_wei88@qq.com'],
    ['<ann@example.org>', 'ann@example.org'],
    ["o'brien@example.ie, bob@sub.example.museum", "o'brien@example.ie", 'bob@sub.example.museum'],
    ['ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ', 'ann@example.org'],
    ['ann&#64;example.org', 'ann@example.org'],
    ['müller@straße.example', 'müller@straße.example'],
    ['write to ann (at) example (dot) org', 'ann (at) example (dot) org'],
  ],
  passes: [
    'meet @ 5',
    'follow @ann',
    'a@b',
    'ann@localhost',
    '5@2.50',
    'the price is 3@1.99 each',
    'user@',
    '@example.com',
  ],
};
