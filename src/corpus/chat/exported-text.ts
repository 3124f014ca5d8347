// What readers of exported chats in text files share: lines with the blank ones, and messages made of a head and the lines
// that follow it.

import type { Line } from '../text-file.js';
import type { ChatMessage, MessageKind } from './message.js';

/** At most this many blank lines in a row are kept within a message. */
const mostBlank = 2;

/** The lines with blank ones in between, which reading left out. Without carriage returns. */
export function* withBlankLines(lines: Iterable<Line>): Generator<Line> {
  let before = 0;
  for (const { text, number } of lines) {
    const blank = before === 0 ? 0 : Math.min(mostBlank, number - before - 1);
    for (let index = 0; index < blank; index++) yield { text: '', number: before + 1 + index };
    yield { text: text.replace(/\r$/, ''), number };
    before = number;
  }
}

/** A message of a text export. `chat` is the file unless the export holds several. */
export function exportedMessage(
  file: string,
  line: number,
  said: {
    readonly speaker: string;
    readonly time: number | null;
    readonly kind: MessageKind;
    readonly text?: string;
    readonly chat?: string;
  } & Pick<ChatMessage, 'id' | 'replyTo' | 'speakerId'>,
): ChatMessage {
  const { chat = file, text = '', ...rest } = said;
  return { chat, text: said.kind === 'text' ? text : '', line, file, ...rest };
}

/** The time in UTC, or null if there is none such. */
export function utc(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
): number | null {
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null;
}

/** The hour of a 12-hour clock. @param half any word; undefined for a 24-hour clock. */
export function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined || half === '' || hour > 12) return hour;
  return (hour % 12) + (/^(?:p|下午|午後|오후|晚上|中午)/i.test(half) ? 12 : 0);
}
