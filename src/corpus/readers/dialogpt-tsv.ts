// DialoGPT's lines: context<TAB>reply, turns of the context parted by ` EOS `. Where each turn begins with a weight
// (`0.0 hello EOS 1.0 hi there<TAB>1.0 how are you`), 0.0 turns its supervision off; whether they do is decided by the
// first line. A first line that names the columns is left out.

import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { Tally } from '../tally.js';
import type { Line } from '../text-file.js';
import type { RawDialogue, RawTurn } from './record.js';
import { isHeader } from './tab-separated.js';

/** What has a weight but no words is an empty turn. */
const weighted = /^([01]\.\d+)(?: (.*))?$/s;

/** @throws UserError (data), with the line, where one has not two columns, or has a turn without its weight. */
export function* readDialogptTsv(lines: Iterable<Line>, path: string, tally: Tally): Generator<RawDialogue> {
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
        `${source}: expected two columns, source<TAB>target, found ${columns.length === 1 ? 'no tab' : `${columns.length} columns`} in "${oneLine(text, 40)}"`,
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
      `${source}: expected a weight, 0.0 or 1.0, before "${oneLine(utterance, 40)}", as the turns of the first line have`,
    );
  return { text, supervised: Number(weight) > 0 };
}
