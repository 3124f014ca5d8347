// Reads ParlAI's text format: `text:hello<TAB>labels:hi<TAB>episode_done:True`. One line is one exchange. Without
// `episode_done:True`, the next line continues the dialogue. Of several labels, the first is the reply.

import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';
import type { RawTurn } from './record.js';

export const parlai: TextReader = {
  format: 'parlai',
  about: 'ParlAI: text:...<TAB>labels:... with episode_done:True at the end of a dialogue',
  example: { 'parlai.txt': 'text:hello\tlabels:hi there\ntext:bye\tlabels:see you\tepisode_done:True\n' },
  recognizes({ text }) {
    const [first = ''] = text.split('\n', 1);
    return /(?:^|\t)text:/.test(first) && /\t(?:eval_)?labels:/.test(first) ? 'sure' : 'no';
  },
  *read(file, { tally }) {
    let turns: RawTurn[] = [];
    let start = 0;
    for (const { text: line, number } of linesOf(file)) {
      const fields = fieldsOf(line);
      const reply = fields.get('labels') ?? fields.get('eval_labels');
      for (const field of fields.keys()) if (!readFields.has(field)) tally.unused(field);
      if (turns.length === 0) start = number;
      turns.push({ text: unescaped(fields.get('text') ?? ''), supervised: true });
      turns.push({
        text: reply === undefined ? null : unescaped(reply.split('|')[0] ?? ''),
        supervised: true,
      });
      if (fields.get('episode_done') !== 'True') continue;
      yield { turns, source: `${file.path}:${start}` };
      turns = [];
    }
    if (turns.length > 0) yield { turns, source: `${file.path}:${start}` };
  },
};

const readFields: ReadonlySet<string> = new Set(['text', 'labels', 'eval_labels', 'episode_done', 'id']);

function fieldsOf(line: string): Map<string, string> {
  const pairs = line
    .replace(/\r$/, '')
    .split('\t')
    .map((field): [string, string] => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon), field.slice(colon + 1)];
    });
  return new Map(pairs);
}

/** ParlAI writes line breaks and tabs as `\n` and `\t`. */
function unescaped(text: string): string {
  return text.replaceAll('\\n', '\n').replaceAll('\\t', '\t').replaceAll('__PIPE__', '|');
}
