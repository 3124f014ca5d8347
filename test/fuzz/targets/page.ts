// A fuzz target for the pages that `chatbot-data crawl` reads: their encoding, HTML, questions and answers, and links.

import { decodedPage } from '../../../src/collect/charset.js';
import { visitOf } from '../../../src/collect/crawl.js';
import { mutateBytes } from '../mutate-bytes.js';
import { mutateText } from '../mutate-text.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

const name = 'page.html';
const page = (head: string, body: string): Files =>
  new Map([
    [name, Buffer.from(`<!doctype html>\n<html><head>\n${head}\n</head>\n<body>\n${body}\n</body></html>\n`)],
  ]);

const jsonLd = (data: unknown) =>
  `<script type="application/ld+json">\n${JSON.stringify(data, null, 1)}\n</script>`;
const question = (asked: string, answer: unknown) => ({
  '@type': 'Question',
  name: asked,
  acceptedAnswer: { '@type': 'Answer', text: answer },
});

const seeds: readonly Files[] = [
  page(
    '<meta charset="utf-8">\n<base href="/help/">',
    '<details><summary>Can I return it?</summary>\n<p>Within 30 days &mdash; unused.</p></details>\n<a href="next?a=1&amp;b=2#x">more</a>',
  ),
  page(
    jsonLd({
      '@context': 'https://schema.org',
      '@graph': [
        {
          '@type': ['FAQPage'],
          mainEntity: [question('Is it late?', '<p>Yes.</p>'), question('Why?', ['Snow', 'Ice'])],
        },
      ],
    }),
    '<a rel="nofollow" href="//other.example/">x</a>',
  ),
  page(
    '<meta http-equiv="content-type" content="text/html; charset=windows-1252">',
    `<div itemscope itemtype="https://schema.org/FAQPage">
<div itemprop="mainEntity" itemscope itemtype="https://schema.org/Question"><h3 itemprop="name">Open on Sunday?</h3>
<div itemprop="acceptedAnswer" itemscope itemtype="https://schema.org/Answer"><div itemprop="text">Until <b>six</b>.</div></div></div></div>`,
  ),
  page(
    '<title>FAQ</title>\n<meta name="robots" content="noarchive">',
    `<dl><dt>How much is it?</dt><dd>Five.</dd><dd>Six.</dd></dl>
<h2>Where are you?</h2><p>In <i>Rome</i>.</p><ul><li>by bus</li><li>by train</li></ul><table><tr><td>a<td>b</table>
<h2>Who <br>are you?</h2><!-- x --><pre> a\n  b </pre><style>p { }</style><template><p>no</p></template>`,
  ),
];

const words = [
  ...[
    '<',
    '>',
    '</',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '&#x',
    '&#1114112;',
    '&#xd800;',
    '&amp;amp;',
    '"',
    "'",
    '/>',
  ],
  ...[
    '<script type="application/ld+json">',
    '</script>',
    '<details>',
    '</details>',
    '<summary>',
    '<dl><dt>',
    '<dd>',
  ],
  ...[
    '<h2>',
    '</h2>',
    '<div>',
    '</div>',
    '<p>',
    '<table>',
    '<svg>',
    '<template>',
    '<textarea>',
    '<title>',
    '<plaintext>',
  ],
  ...[
    'itemscope',
    'itemtype="https://schema.org/Question"',
    'itemprop="name"',
    'itemref="a"',
    'href="javascript:x"',
  ],
  ...[
    '{"@type": "FAQPage", "mainEntity": ',
    '[',
    ']',
    '{',
    '}',
    '?',
    'charset=utf-16',
    'charset=gb18030',
    '\u0000',
    '\u202e',
  ],
];

export const html: Target = {
  about: 'a page with questions and answers, as a crawl reads it',
  seeds,
  mutate(seed, dice, other) {
    const [bytes, splice] = [fileOf(seed, name), fileOf(other, name)];
    const text = () => mutateText(bytes.toString(), dice, words, splice.toString());
    const mutant = dice.chance(3)
      ? mutateBytes(bytes, dice, splice)
      : // Many elements within each other.
        dice.chance(8)
        ? Buffer.concat([
            Buffer.from((dice.pick(words) ?? '').repeat(dice.length(20_000))).subarray(0, 2 ** 18),
            bytes,
          ])
        : text();
    return withFiles(seed, { [name]: mutant });
  },
  read(_, files) {
    const url = new URL('https://shop.example/faq');
    return visitOf(url, { kind: 'page', url, text: decodedPage(fileOf(files, name), 'text/html') });
  },
};
