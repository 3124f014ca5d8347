// Reads the rows of tables by what their columns are called (csv-columns.ts): questions and answers in many languages, replies
// with what was said before, and single messages. JSON records with the same fields are read too.

import type { Fields } from '../../objects.js';
import { type Columns, columnName, columnsOf } from '../csv-columns.js';
import { saysPrivate } from '../private-notes.js';
import type { SingleRecordReader } from '../reader.js';
import { fromHtml, isHtml, ownWords } from './mail-text.js';
import { neededText, RecordError, textOf } from './record.js';
import { speakerOf } from './roles.js';

/** Rows have the same fields again and again. A hostile file can have any number of combinations. */
const known = new Map<string, Columns | null>();
const mostKnown = 1000;

function columnsOfRecord(record: Fields): Columns | null {
  const names = Object.keys(record);
  const key = names.join('\n');
  let columns = known.get(key);
  if (columns === undefined) {
    columns = columnsOf(names);
    if (known.size >= mostKnown) known.clear();
    known.set(key, columns);
  }
  return columns;
}

type Of<Kind> = Extract<Columns, { readonly kind: Kind }>;

function columnsOfKind<Kind extends Columns['kind']>(record: Fields, kind: Kind): Of<Kind> | undefined {
  const columns = columnsOfRecord(record);
  return columns?.kind === kind ? (columns as Of<Kind>) : undefined;
}

const pairExample = 'Frage;Antwort\nSonntags offen?;Bis sechs.\n';

export const pairRows: SingleRecordReader = {
  format: 'pair-rows',
  about: 'questions and answers under other names, also in other languages',
  example: { 'faq.csv': pairExample },
  expects: 'question and answer',
  matches: (record) => columnsOfKind(record, 'pair') !== undefined,
  fields(record) {
    const columns = columnsOfKind(record, 'pair');
    return new Set(columns ? [columns.question, columns.answer, ...columns.more] : []);
  },
  read(record, { source }) {
    const columns = columnsOfKind(record, 'pair');
    if (!columns) return [];
    const more = columns.more
      .map((name) => textOf(record[name], name) ?? '')
      .filter((text) => text.trim() !== '');
    const question = [neededText(record, columns.question), ...more].join('\n');
    return [
      {
        source,
        turns: [
          { text: question, supervised: true, role: 'user' },
          { text: neededText(record, columns.answer), supervised: true, role: 'assistant' },
        ],
      },
    ];
  },
};

/** Each row repeats most of the row before, so only the reply is learned: each reply once. */
export const replyRows: SingleRecordReader = {
  format: 'reply-rows',
  about: 'replies with the turns before them, the newest first, as tutorials for DialoGPT make them',
  example: { 'rows.csv': 'response,context,context/0\nFine.,How are you?,Hi!\nGood.,Fine.,How are you?\n' },
  expects: 'response and context',
  matches: (record) => columnsOfKind(record, 'reply') !== undefined,
  fields(record) {
    const columns = columnsOfKind(record, 'reply');
    return new Set(columns ? [columns.reply, ...columns.before] : []);
  },
  read(record, { source }) {
    const columns = columnsOfKind(record, 'reply');
    if (!columns) return [];
    const before = columns.before.map((name) => textOf(record[name], name) ?? '');
    const start = before.findIndex((text) => text.trim() !== '');
    const context = start < 0 ? [] : before.slice(start).map((text) => ({ text, supervised: false }));
    return [{ source, turns: [...context, { text: neededText(record, columns.reply), supervised: true }] }];
  },
};

/** Rows of one conversation are one dialogue. Without a column for it, pauses separate the dialogues of a file. */
export const messageRows: SingleRecordReader = {
  format: 'message-rows',
  about: 'tables with a row per message: its text, its author, and if possible its conversation and time',
  example: {
    'tickets.csv':
      'ticket_id,author,created_at,body\n7,customer,2024-05-06 10:00,"Is it open, too?"\n7,agent,2024-05-06 10:01,Until six.\n',
  },
  expects: 'text and author',
  matches: (record) => columnsOfKind(record, 'message') !== undefined,
  fields(record) {
    const columns = columnsOfKind(record, 'message');
    if (!columns) return new Set();
    const { message, author, role = message, conversation = message, time = message, privacy } = columns;
    return new Set([message, author, role, conversation, time, ...privacy]);
  },
  read(record, { path, line, tally }) {
    const columns = columnsOfKind(record, 'message');
    if (!columns) return [];
    const { message, author, conversation, time, privacy } = columns;
    if (privacy.some((name) => saysPrivate(columnName(name), record[name])))
      throw new RecordError('content', 'a private note');
    const given = textOf(record[message], message) ?? '';
    const said = ownWords(isHtml(given) ? fromHtml(given) : given, tally);
    // EmpatheticDialogues writes commas so, because its tables have no quotes.
    const text = said.replaceAll('_comma_', ',');
    const { role: ownRole, speaker = '' } = speakerOf(record[author]);
    const role = ownRole ?? (columns.role === undefined ? undefined : speakerOf(record[columns.role]).role);
    const thread = conversation === undefined ? '' : String(record[conversation] ?? '').trim();
    if (conversation !== undefined && thread === '')
      throw new RecordError('content', `${conversation} is empty`);
    return [
      {
        chat: thread === '' ? path : `${path}#${thread}`,
        speaker,
        time: time === undefined ? null : timeOf(record[time]),
        text,
        kind: text.trim() === '' ? 'cut' : 'text',
        ...(thread !== '' && { thread }),
        ...(role && { role }),
        file: path,
        line,
      },
    ];
  },
};

/** Milliseconds since 1970. Numbers are seconds or milliseconds; a time without a zone counts as UTC. */
function timeOf(given: unknown): number | null {
  const text = String(given ?? '').trim();
  if (/^\d{9,11}(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const parts =
    /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/.exec(
      text,
    );
  if (!parts) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const [sign = '+', hours = '0', minutes = '0'] =
    /([+-])(\d{2}):?(\d{2})/.exec(parts[7] ?? '')?.slice(1) ?? [];
  const zone = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return Date.UTC(year, month - 1, day, hour, minute - zone, second);
}
