import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PageRefused, parseHtml } from '../html-tree.js';
import { faqPairs } from './faq-pairs.js';

/** The pairs of a page as `question -> answer`, and what was left out. */
function read(html: string) {
  const left: string[] = [];
  const pairs = faqPairs(parseHtml(html), (what) => left.push(what));
  return { pairs: pairs.map(({ question, answer }) => `${question} -> ${answer}`), left };
}

const pairsIn = (html: string) => read(html).pairs;

const jsonLd = (data: unknown) => `<script type="application/ld+json">${JSON.stringify(data)}</script>`;
const question = (name: string, text: string) => ({
  '@type': 'Question',
  name,
  acceptedAnswer: { '@type': 'Answer', text },
});

describe('JSON-LD', () => {
  it('gives the questions of an FAQPage, with answers as text', () =>
    assert.deepEqual(
      pairsIn(
        jsonLd({
          '@context': 'https://schema.org',
          '@type': 'FAQPage',
          mainEntity: [
            question(
              'Do you deliver&nbsp;on Sundays?',
              '<p>Yes, until <b>six</b>.</p><ul><li>Berlin</li><li>Bonn</li></ul>',
            ),
            question('May I return it?', 'Within 30 days.\nWith the receipt.'),
          ],
        }),
      ),
      [
        'Do you deliver on Sundays? -> Yes, until six.\n- Berlin\n- Bonn',
        'May I return it? -> Within 30 days.\nWith the receipt.',
      ],
    ));

  it('gives questions in @graph, in lists, in single entities and under other types', () => {
    const page = (data: unknown) => pairsIn(jsonLd(data));
    assert.deepEqual(
      page({ '@graph': [{ '@type': 'WebPage' }, { '@type': 'FAQPage', mainEntity: question('A?', 'a') }] }),
      ['A? -> a'],
    );
    assert.deepEqual(page([{ '@type': ['WebPage', 'FAQPage'], mainEntity: [question('B?', 'b')] }]), [
      'B? -> b',
    ]);
    assert.deepEqual(
      page({
        '@type': 'https://schema.org/QAPage',
        mainEntity: {
          '@type': 'schema:Question',
          name: 'C?',
          suggestedAnswer: [{ text: 'c' }, { text: 'd' }],
        },
      }),
      ['C? -> c'],
    );
  });

  it('is read with comments and line breaks that JSON does not allow, and counted where it is broken', () => {
    const script = (text: string) => `<script type="application/ld+json">${text}</script>`;
    const data = JSON.stringify(question('A?', 'one two'));
    assert.deepEqual(pairsIn(script(`<!-- ${data.replace('one two', 'one\ntwo')} -->`)), ['A? -> one two']);
    assert.deepEqual(read(script('{"@type": "FAQPage",')), { pairs: [], left: ['broken'] });
  });

  it('needs an answer', () =>
    assert.deepEqual(read(jsonLd([question('A?', ' '), { '@type': 'Question', name: 'B?' }])), {
      pairs: [],
      left: [],
    }));
});

it('microdata gives the questions and answers of its items', () =>
  assert.deepEqual(
    pairsIn(`<div itemscope itemtype="https://schema.org/FAQPage">
      <div itemprop="mainEntity" itemscope itemtype="https://schema.org/Question">
        <h3 itemprop="name">Is it free</h3>
        <div itemprop="acceptedAnswer" itemscope itemtype="https://schema.org/Answer"><p itemprop="text">Yes.</p></div>
      </div>
      <div itemscope itemtype="http://schema.org/Question"><meta itemprop="name" content="And fast">
        <p itemprop="acceptedAnswer">Very.</p></div></div>`),
    ['Is it free -> Yes.', 'And fast -> Very.'],
  ));

describe('details', () => {
  it('with questions as summaries are pairs, whatever else the page has', () =>
    assert.deepEqual(
      pairsIn(`<details><summary>1. How long?</summary><p>Two days.</p><p>Or three.</p></details>
        <details><summary>Returns</summary>Within 30 days.</details>`),
      ['How long? -> Two days.\nOr three.', 'Returns -> Within 30 days.'],
    ));

  it('that are rarely questions are no FAQ', () =>
    assert.deepEqual(
      pairsIn(`<details><summary>Size?</summary>M</details><details><summary>Colour</summary>red</details>
        <details><summary>Weight</summary>1 kg</details>`),
      [],
    ));
});

describe('description lists', () => {
  it('of questions are pairs, also in groups and with several descriptions', () =>
    assert.deepEqual(
      pairsIn(
        `<dl><div><dt>Who are you?<dd>A shop.<dd>In Bonn.</div><dt>Q: Opening hours</dt><dd>A: Nine to five.</dd></dl>`,
      ),
      ['Who are you? -> A shop.\nIn Bonn.', 'Opening hours -> Nine to five.'],
    ));

  it('of properties are not', () =>
    assert.deepEqual(pairsIn('<dl><dt>Colour<dd>red<dt>Price?<dd>5<dt>Weight<dd>1 kg</dl>'), []));
});

describe('headings', () => {
  it('that are questions have the text up to the next heading as their answer', () =>
    assert.deepEqual(
      pairsIn(`<body><nav><h2>Lost?</h2>Home</nav><main>
        <h1>Help</h1><p>All about us.</p>
        <div><h2><button aria-expanded="false">Do you ship to France?</button></h2><div hidden><p>Yes.<br>Free.</p></div></div>
        <div><h2>怎么退货</h2><p>三十天内可以退货。</p></div>
        <h2>About</h2><p>Since 1990.</p></main><footer>Imprint</footer></body>`),
      ['Do you ship to France? -> Yes.\nFree.', '怎么退货 -> 三十天内可以退货。'],
    ));

  it('end their last answer where the list of questions ends', () =>
    assert.deepEqual(
      pairsIn(
        `<div><div><h3>One?</h3><p>1</p><h3>Two?</h3><p>2</p></div><div>Follow us. Imprint.</div></div>`,
      ),
      ['One? -> 1', 'Two? -> 2'],
    ));

  it('without text are counted', () =>
    assert.deepEqual(read('<h2>Ready?</h2><h2>Go on</h2><p>x</p>'), { pairs: [], left: ['empty'] }));
});

it('a question in several forms is taken once, and the declared form wins', () =>
  assert.deepEqual(
    pairsIn(`${jsonLd(question('Is it FREE?', 'Yes, it is.'))}<h2>Is it free</h2><p>Yes.</p><h2>Is it free?</h2><p>Yes.</p>
      <details><summary>Is it fast?</summary>No.</details>`),
    ['Is it FREE? -> Yes, it is.', 'Is it fast? -> No.'],
  ));

it('an answer of more than 10,000 characters is an article, which is counted', () =>
  assert.deepEqual(read(`<h2>Why?</h2><p>${'long '.repeat(2500)}</p>`), { pairs: [], left: ['long'] }));

it('any text is read without an error', () => {
  const pieces = fc.constantFrom(
    ...[
      '<h2>',
      '</h2>',
      '<p>',
      '</div>',
      '<dl>',
      '<dt>',
      '<dd>',
      '<details>',
      '<summary>',
      'Why?',
      'text',
      '&amp;',
      '<!--',
    ],
    ...[
      '<script type="application/ld+json">',
      '</script>',
      '{"@type":"Question","name":"a"}',
      '<div itemscope>',
      '<',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      read(parts.join(''));
    }),
  );
});

it('a page that nests too deeply or has too many elements is refused', () => {
  assert.throws(() => parseHtml('<div>'.repeat(1000)), PageRefused);
  assert.throws(() => parseHtml('<p>a'.repeat(300_000)), PageRefused);
});
