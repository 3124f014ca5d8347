// Reads chats of imessage-exporter as text: a line with the date, a line with the sender, the text, a blank line. A text can
// hold blank lines, so a message begins only at a date with a sender below it. Replies are written twice: indented below
// what they answer, and again in their own place, where they are read.

import { exportedMessage, hourOf, utc, withBlankLines } from '../chat/exported-text.js';
import type { ChatMessage } from '../chat/message.js';
import type { TextReader } from '../reader.js';
import type { Tally } from '../tally.js';
import { type Line, linesOf } from '../text-file.js';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dated =
  /^( *)([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) {1,2}(\d{1,2}):(\d\d):(\d\d) ([AP]M)(?: (\(.{0,200}\)))?(?: (.*))?$/s;
const isAnswer = 'This message responded to an earlier message.';
const isDeleted = 'This message was deleted from the conversation!';

export const imessage: TextReader = {
  format: 'imessage',
  about: 'chats of iMessage as imessage-exporter writes them, as text',
  example: {
    'chat.txt':
      'May 17, 2024  5:29:42 PM (Read by you after 1 minute)\nAnn\nSoup?\n\nMay 17, 2024  5:30:02 PM\nMe\nYes, please.\n\n',
  },
  recognizes: ({ text }) => {
    const first = text.split('\n', 20).find((line) => line.trim() !== '') ?? '';
    return dated.test(first.replace(/\r$/, '')) ? 'sure' : 'no';
  },
  *read(file, { tally }) {
    /** What a reply answers: the id of that message by time and sender of the reply. */
    const answers = new Map<string, string>();
    let last = '';
    for (const { match, sender, lines, line } of blocks(withBlankLines(linesOf(file)), tally)) {
      const time = timeOf(match);
      if (match[1] !== '') {
        answers.set(`${time} ${sender}`, last);
        continue;
      }
      last = String(line);
      const message = messageOf(lines, { sender, time, line, file: file.path });
      const replyTo = answers.get(`${time} ${sender}`);
      yield replyTo === undefined ? message : { ...message, replyTo };
    }
  },
};

interface Block {
  readonly match: RegExpExecArray;
  readonly sender: string;
  readonly lines: string[];
  readonly line: number;
}

/** The messages with their lines. A date that more words follow is an announcement, which ends the message before. */
function* blocks(lines: Iterable<Line>, tally: Tally): Generator<Block> {
  let open: Block | undefined;
  let date: { readonly match: RegExpExecArray; readonly line: number } | undefined;
  for (const { text, number } of lines) {
    const match = dated.exec(text);
    if (match) {
      if (open) yield open;
      open = undefined;
      if (match[10] !== undefined) tally.count('noticeLeftOut');
      date = match[10] === undefined ? { match, line: number } : undefined;
    } else if (date) {
      if (text.trim() !== '') open = { ...date, sender: text.trim(), lines: [] };
      date = undefined;
    } else open?.lines.push(text);
  }
  if (open) yield open;
}

function timeOf(match: RegExpExecArray): number | null {
  const [, , month = '', day, year, hour, minute, second, half] = match;
  const number = 1 + months.indexOf(month);
  if (number === 0) return null;
  return utc(Number(year), number, Number(day), hourOf(Number(hour), half), Number(minute), Number(second));
}

function messageOf(
  lines: readonly string[],
  { sender, time, line, file }: { sender: string; time: number | null; line: number; file: string },
): ChatMessage {
  const tapbacks = lines.indexOf('Tapbacks:');
  const own = (tapbacks < 0 ? lines : lines.slice(0, tapbacks)).filter((text) => text !== isAnswer);
  const words = own.filter((text) => !isAttachment(text));
  const text = words.join('\n').replaceAll('\ufffc', '').trim();
  const isLeftOut = words.length < own.length || /^https?:\/\/\S+$/.test(text);
  const kind =
    text === isDeleted || (text === '' && !isLeftOut)
      ? 'aside'
      : isLeftOut && !hasWords(text)
        ? 'cut'
        : 'text';
  return exportedMessage(file, line, { speaker: sender, time, id: String(line), kind, text });
}

function hasWords(text: string): boolean {
  return text !== '' && !/^https?:\/\/\S+$/.test(text);
}

/** The path of a file that was sent. */
function isAttachment(text: string): boolean {
  return (
    /^(?:\/|~\/|attachments\/|[A-Z]:\\)\S.{0,400}\.\w{2,5}$/.test(text) || /^Attachment missing/.test(text)
  );
}
