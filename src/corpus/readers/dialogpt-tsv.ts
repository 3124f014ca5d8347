// Reads lines in DialoGPT's format: context<TAB>reply, with the turns of the context separated by ` EOS `. Turns can begin
// with a weight (`0.0 hello EOS 1.0 hi there<TAB>1.0 how are you`), and 0.0 switches off supervision. The first line
// decides whether turns have weights. A first line that names the columns is skipped.

import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { Rejected, TextReader } from '../reader.js';
import type { Tally } from '../tally.js';
import { type Line, linesOf } from '../text-file.js';
import type { RawDialogue, RawTurn } from './record.js';
import { isHeader, tabSeparatedKind } from './tab-separated.js';

export const dialogptTsv: TextReader = {
  format: 'tsv',
  about: 'DialoGPT lines: source<TAB>target, with more turns separated by EOS, and weights',
  example: { 'pairs.tsv': '0.0 Hi! EOS 1.0 Hello!\t1.0 How are you?\n' },
  recognizes({ name, text }) {
    const firstLine = text.split('\n').find((line) => line.trim() !== '') ?? '';
    const isTable = name.endsWith('.tsv') || firstLine.includes('\t');
    return isTable && tabSeparatedKind(text).kind === 'pairs' ? 'maybe' : 'no';
  },
  read: (file, { tally }) => readDialogptTsv(linesOf(file), file.path, tally),
};

/** Also matches a weight without text, which is an empty turn. */
const weighted = /^([01]\.\d+)(?: (.*))?$/s;

function* readDialogptTsv(
  lines: Iterable<Line>,
  path: string,
  tally: Tally,
): Generator<RawDialogue | Rejected> {
  let haveWeights: boolean | undefined;
  let isFirst = true;
  for (const { text, number } of lines) {
    const isNames = isFirst && isHeader(text);
    isFirst = false;
    if (isNames) {
      tally.count('header');
      continue;
    }
    const columns = text.split('\t');
    if (columns.length !== 2) {
      yield withoutTwoColumns(text, columns.length, path, number);
      continue;
    }
    const utterances = columns.flatMap((column) => column.split(' EOS '));
    haveWeights ??= utterances.every((utterance) => weighted.test(utterance.trim()));
    const turns = utterances.flatMap(
      (text) => (haveWeights ? weightedTurn(text.trim()) : { text, supervised: true }) ?? [],
    );
    yield turns.length === utterances.length
      ? { turns, source: `${path}:${number}` }
      : withoutWeight(utterances, path, number);
  }
}

/** Undefined if it lacks its weight. */
function weightedTurn(utterance: string): RawTurn | undefined {
  const [, weight, text = ''] = weighted.exec(utterance) ?? [];
  return weight === undefined ? undefined : { text, supervised: Number(weight) > 0 };
}

function withoutTwoColumns(text: string, columns: number, path: string, line: number): Rejected {
  const found = columns === 1 ? 'no tab' : `${columns} columns`;
  const error = new UserError(
    'corpus-line-invalid',
    `${path}:${line}: expected two columns (source<TAB>target), found ${found} in "${oneLine(text, 40)}"; fix or remove the line`,
  );
  return { rejected: 'a line without two columns', line, error };
}

function withoutWeight(utterances: readonly string[], path: string, line: number): Rejected {
  const first = utterances
    .map((utterance) => utterance.trim())
    .find((utterance) => !weighted.test(utterance));
  const error = new UserError(
    'corpus-line-invalid',
    `${path}:${line}: expected a weight (0.0 or 1.0) before "${oneLine(first ?? '', 40)}", as in the first line; add the weight or remove the line`,
  );
  return { rejected: 'a turn without a weight', line, error };
}
