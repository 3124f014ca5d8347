// Generated lines of chat for the benchmark of redaction. Every fifth has a value of personal data, and says where. The values
// are valid by their checksums, and made here, not by the product's own fakes.

import { isLuhn, mod97 } from '../src/prepare/sensitive/checksums.js';
import { Random } from '../src/random.js';

export interface LabelledText {
  readonly text: string;
  readonly spans: readonly LabelledSpan[];
}

/** The labels are those of Presidio's labelled sets. */
export interface LabelledSpan {
  readonly label: string;
  readonly start: number;
  readonly end: number;
}

const words =
  'i do not know what you like but we went to the park with our dog and it was fun so how are they today'.split(
    ' ',
  );
const names = ['anna.berg', 'tomlee', 'j_smith', 'maria-lopez', 'k.chen'];
const hosts = ['example.com', 'mail.test.org', 'shop24.de', 'corner-store.co.uk'];
const areaCodes = ['212', '415', '312', '617', '206'];

const makers = {
  CREDIT_CARD: (random) => {
    const start = pick(random, ['4', '51', '37']);
    return luhnNumber(random, start, start === '37' ? 15 : 16);
  },
  EMAIL_ADDRESS: (random) => `${pick(random, names)}${random.below(100)}@${pick(random, hosts)}`,
  IBAN_CODE: (random) => {
    const [country, account] =
      random.below(2) === 0 ? ['DE', digits(random, 18)] : ['NL', `ABNA${digits(random, 10)}`];
    return `${country}${String(98 - mod97(`${account}${country}00`)).padStart(2, '0')}${account}`;
  },
  IP_ADDRESS: (random) => Array.from({ length: 4 }, () => 1 + random.below(254)).join('.'),
  US_SSN: (random) => `${101 + random.below(500)}-${10 + random.below(89)}-${1000 + random.below(8999)}`,
  PHONE_NUMBER: (random) => {
    const [area, exchange, line] = [
      pick(random, areaCodes),
      220 + random.below(300),
      1000 + random.below(8999),
    ];
    return pick(random, [
      `(${area}) ${exchange}-${line}`,
      `${area}-${exchange}-${line}`,
      `+1 ${area} ${exchange} ${line}`,
    ]);
  },
  URL: (random) => `https://www.${pick(random, hosts)}/${pick(random, words)}?id=${random.below(1000)}`,
} as const satisfies Readonly<Record<string, (random: Random) => string>>;

/** The labels of the generated lines. */
export const generatedLabels = Object.keys(makers) as readonly (keyof typeof makers)[];

export function personalLines(count: number): LabelledText[] {
  const random = new Random(1);
  return Array.from({ length: count }, (_, line) => {
    const said = Array.from({ length: 6 + random.below(12) }, () => pick(random, words)).join(' ');
    if (line % 5 !== 0) return { text: said, spans: [] };
    const label = pick(random, generatedLabels);
    const value = makers[label](random);
    const start = said.length + 2;
    return { text: `${said}: ${value} thanks`, spans: [{ label, start, end: start + value.length }] };
  });
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)] as Item;
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join('');
}

function luhnNumber(random: Random, start: string, length: number): string {
  const body = start + digits(random, length - start.length - 1);
  const last = [...'0123456789'].find((digit) => isLuhn(body + digit));
  return body + (last ?? '');
}
