// Times the search for personal data in generated lines of chat, and counts what is found. `--write` writes the lines for the
// peer, `--found FILE` counts what the peer found. With --set the lines are those of a labelled file in Presidio's format.
//
//     node dist/bench/redaction.js --lines 10000
//     node dist/bench/redaction.js --set synth_dataset_v2.json --write /tmp/set
//     .bench/venv/bin/python bench/peers/presidio.py --folder /tmp/set
//     node dist/bench/redaction.js --set synth_dataset_v2.json --found /tmp/set/found.json

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findPersonal } from '../src/prepare/sensitive/find.js';
import { startRecognizer } from '../src/prepare/sensitive/recognizer.js';
import { recognizers } from '../src/prepare/sensitive/recognizers.js';
import { seconds } from './measure.js';
import { generatedLabels, type LabelledText, personalLines } from './personal-lines.js';

/** What is found in each text. */
type Found = readonly (readonly [entity: string, start: number, end: number])[];

export interface Judged {
  readonly labelled: number;
  readonly recall: number;
  /** Null if nothing of the kind is found. */
  readonly precision: number | null;
}

/** Judged by label. */
export type JudgedKinds = Readonly<Record<string, Judged>>;

export interface RedactionResult {
  readonly seconds: number;
  readonly judged: JudgedKinds;
}

/** What Presidio and we call what has a label. */
const kinds: Readonly<Record<string, readonly [theirs: string, ours: string]>> = {
  CREDIT_CARD: ['CREDIT_CARD', 'card'],
  EMAIL_ADDRESS: ['EMAIL_ADDRESS', 'email'],
  IBAN_CODE: ['IBAN_CODE', 'iban'],
  IP_ADDRESS: ['IP_ADDRESS', 'ip'],
  US_SSN: ['US_SSN', 'us-ssn'],
  PHONE_NUMBER: ['PHONE_NUMBER', 'phone'],
  URL: ['URL', 'url'],
  DOMAIN_NAME: ['URL', 'url'],
  PERSON: ['PERSON', 'name'],
};

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '10000' },
    set: { type: 'string' },
    write: { type: 'string' },
    found: { type: 'string' },
  },
});
const lines = values.set === undefined ? personalLines(Number(values.lines)) : labelledSet(values.set);
const labels =
  values.set === undefined ? generatedLabels : Object.keys(kinds).filter((label) => label !== 'URL');

if (values.write !== undefined) {
  mkdirSync(values.write, { recursive: true });
  writeFileSync(join(values.write, 'texts.json'), JSON.stringify(lines.map(({ text }) => text)));
  console.log(JSON.stringify({ texts: lines.length }));
} else if (values.found !== undefined) {
  const found: readonly Found[] = JSON.parse(readFileSync(values.found, 'utf8'));
  console.log(JSON.stringify({ judged: judgedKinds(found, ([theirs]) => theirs) }));
} else console.log(JSON.stringify(await timed()));

async function timed(): Promise<RedactionResult> {
  const regions = { phoneRegions: ['US', 'GB', 'DE', 'FR', 'CN'] };
  const started = await Promise.all(recognizers.map((one) => startRecognizer(one, regions)));
  const search = ({ text }: LabelledText): Found =>
    findPersonal(text, started).map(({ entity, start, end }) => [entity, start, end] as const);
  lines.slice(0, 1000).map(search);
  let found: readonly Found[] = [];
  const spent = seconds(() => {
    found = lines.map(search);
  });
  return { seconds: spent, judged: judgedKinds(found, ([, ours]) => ours) };
}

function judgedKinds(
  found: readonly Found[],
  nameOf: (names: readonly [theirs: string, ours: string]) => string,
): JudgedKinds {
  return Object.fromEntries(
    labels.map((label) => [label, judged(found, label, nameOf(kinds[label] ?? ['', '']))]),
  );
}

/** A found span counts if it is of the kind and overlaps the labelled one. */
function judged(found: readonly Found[], label: string, entity: string): Judged {
  let [labelled, hit, claimed, right] = [0, 0, 0, 0];
  for (const [index, { spans }] of lines.entries()) {
    const wanted = spans.filter((span) => span.label === label);
    const got = (found[index] ?? []).filter(([kind]) => kind === entity);
    const meet = (span: (typeof wanted)[number], [, start, end]: Found[number]) =>
      start < span.end && end > span.start;
    labelled += wanted.length;
    claimed += got.length;
    hit += wanted.filter((span) => got.some((one) => meet(span, one))).length;
    right += got.filter((one) => wanted.some((span) => meet(span, one))).length;
  }
  return { labelled, recall: hit / labelled, precision: claimed === 0 ? null : right / claimed };
}

function labelledSet(path: string): LabelledText[] {
  interface Sentence {
    readonly full_text: string;
    readonly spans: readonly {
      readonly entity_type: string;
      readonly start_position: number;
      readonly end_position: number;
    }[];
  }
  const sentences: readonly Sentence[] = JSON.parse(readFileSync(path, 'utf8'));
  return sentences.map(({ full_text: text, spans }) => ({
    text,
    spans: spans.map(({ entity_type: label, start_position: start, end_position: end }) => ({
      label,
      start,
      end,
    })),
  }));
}
