// Reads lines in DialoGPT's format: context<TAB>reply, with the turns of the context separated by ` EOS `. Turns can begin
// with a weight (`0.0 hello EOS 1.0 hi there<TAB>1.0 how are you`), and 0.0 switches off supervision. The first line
// decides whether turns have weights. A first line that names the columns is skipped.

import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { TextReader } from '../reader.js';
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

/** @throws UserError (data) with the line if a line does not have two columns, or if a turn lacks its weight. */
function* readDialogptTsv(lines: Iterable<Line>, path: string, tally: Tally): Generator<RawDialogue> {
  let haveWeights: boolean | undefined;
  let isFirst = true;
  for (const { text, number } of lines) {
    const isNames = isFirst && isHeader(text);
    isFirst = false;
    if (isNames) {
      tally.count('header');
      continue;
    }
    const source = `${path}:${number}`;
    const columns = text.split('\t');
    if (columns.length !== 2)
      throw new UserError(
        'corpus-line-invalid',
        `${source}: expected two columns (source<TAB>target), found ${columns.length === 1 ? 'no tab' : `${columns.length} columns`} in "${oneLine(text, 40)}"; fix or remove the line`,
      );
    const utterances = columns.flatMap((column) => column.split(' EOS '));
    haveWeights ??= utterances.every((utterance) => weighted.test(utterance.trim()));
    const turns = haveWeights
      ? utterances.map((utterance) => weightedTurn(utterance.trim(), source))
      : utterances.map(plainTurn);
    yield { turns, source };
  }
}

function plainTurn(text: string): RawTurn {
  return { text, supervised: true };
}

function weightedTurn(utterance: string, source: string): RawTurn {
  const [, weight, text = ''] = weighted.exec(utterance) ?? [];
  if (weight === undefined)
    throw new UserError(
      'corpus-line-invalid',
      `${source}: expected a weight (0.0 or 1.0) before "${oneLine(utterance, 40)}", as in the first line; add the weight or remove the line`,
    );
  return { text, supervised: Number(weight) > 0 };
}
