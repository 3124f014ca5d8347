// All web addresses. Most tell nothing about a person, so they only count if people ask for it.

import type { Recognizer } from '../recognizer.js';

export const url: Recognizer = {
  entity: 'url',
  about: 'all web addresses',
  byDefault: false,
  digits: 0,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d@])(?:(?:https?|ftp):\/\/|www\.)[\p{L}\p{N}](?:[A-Za-z\d\-._~:/?#@!$&'()*+,;=%]{0,800}[A-Za-z\d\-_~/#@&=%])?/giu,
    },
    {
      needs: '.',
      pattern:
        /(?<![A-Za-z\d@.-])(?:[A-Za-z\d](?:[A-Za-z\d-]{0,61}[A-Za-z\d])?\.){1,4}(?:com|org|net|edu|gov|info|biz|io|cn|de|uk|fr|eu|jp|ru|nl|ch|se|pl|br|au|ca|app|dev|shop|online|site|xyz)(?:\/[A-Za-z\d\-._~:/?#@!$&'()*+,;=%]{0,500}[A-Za-z\d\-_~/#@&=%])?(?![A-Za-z\d@-]|\.[A-Za-z\d])/gu,
    },
  ],
  fake: () => 'https://www.example.com/',
  finds: [
    ['see https://shop.example.com/a?b=1.', 'https://shop.example.com/a?b=1'],
    ['请看www.example.cn/帮助', 'www.example.cn/'],
    ['visit shop.de, please', 'shop.de'],
    ['(http://example.org)', 'http://example.org'],
  ],
  passes: ['the end.It is', 'ann@shop.de', 'node.js', 'e.g. this', '3.14'],
};
