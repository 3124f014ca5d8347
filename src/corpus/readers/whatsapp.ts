// Reads chats that WhatsApp exports: `[19.04.17, 20:43:09] Ann: Hi` and its many relatives. The file is read twice. The first
// time shows the shape of its heads and the order of its dates, which no single line tells. A line with another head belongs
// to the message before it, because people paste such lines.

import type { ChatMessage } from '../chat/message.js';
import { GrowingNumbers } from '../growing-numbers.js';
import type { Certainty, DateOrder, TextReader } from '../reader.js';
import { type Line, linesOf, longestRecord, tooLong } from '../text-file.js';
import { looksLikeSignal } from './signal.js';
import { type ChosenOrder, dateOrder, headOf, packed, timeOf, unpacked } from './whatsapp-dates.js';
import { type Body, bodyOf, isOrdinary, messagesOf } from './whatsapp-messages.js';

export const whatsapp: TextReader = {
  format: 'whatsapp',
  about: 'chats that WhatsApp exports, in any language; a zip archive is read as it is',
  example: {
    '_chat.txt':
      '[12.05.24, 09:16:22] Ann: Are you up?\n[12.05.24, 09:17:00] Ben: Yes\nand you?\n[12.05.24, 09:17:05] Ben: \u200eimage omitted\n',
  },
  recognizes: ({ name, text }) => certaintyOf(name, text),
  *read(file, { tally, options }) {
    const chat = whatsappChat(() => linesOf(file), { file: file.path, dateOrder: options.dateOrder });
    if (!chat) return;
    if (chat.chosen.isGuess) tally.count(chat.chosen.order === 'mdy' ? 'monthFirst' : 'dayFirst');
    tally.count('pastedLine', chat.pastedHeads);
    yield* chat.messages();
  },
};

/** Looks at the first line, or at some more if the name says what it is. Logs have heads that end in a blank, too. */
function certaintyOf(name: string, text: string): Certainty {
  if (looksLikeSignal(text)) return 'no';
  const isNamed = name.includes('whatsapp') || name.endsWith('_chat.txt');
  const lines = text.split('\n', 50).filter((line) => line.trim() !== '');
  const heads = lines.slice(0, isNamed ? 20 : 1).flatMap((line) => headOf(line) ?? []);
  if (heads.length === 0) return 'no';
  return heads.some((head) => head.isClosed) ? 'sure' : 'maybe';
}

export interface WhatsappOptions {
  /** The path, for messages. It is also the name of the chat: a file holds one. */
  readonly file: string;
  readonly dateOrder: DateOrder | 'auto';
}

export interface WhatsappChat {
  readonly chosen: ChosenOrder;
  /** The number of lines that have the head of a message, but not that of this file, or an earlier time. */
  readonly pastedHeads: number;
  messages(): Generator<ChatMessage>;
}

/** The most names that are remembered, because a hostile file may have any number. */
const mostNames = 100_000;

/**
 * @param lines are read twice. Lines without text may be left out, if the others keep their numbers.
 * @returns null if no line has the head of a message.
 */
export function whatsappChat(lines: () => Iterable<Line>, options: WhatsappOptions): WhatsappChat | null {
  const survey = surveyed(lines());
  if (survey === null) return null;
  const { shape, heads, headCount, people } = survey;
  const chosen =
    options.dateOrder === 'auto' ? dateOrder(shape, heads) : { order: options.dateOrder, isGuess: false };
  const times = new GrowingNumbers();
  for (let index = 0; index < heads.length; index++) {
    const { date, second } = unpacked(heads.at(index));
    times.push(timeOf(date, second, chosen.order));
  }
  const begins = beginnings(times);
  return {
    chosen,
    pastedHeads: headCount - begins.reduce((sum, isBeginning) => sum + isBeginning, 0),
    messages: () => messages(lines(), { shape, times, begins, people, file: options.file }),
  };
}

interface Survey {
  /** The most frequent one. */
  readonly shape: string;
  /** The heads of this shape, packed. */
  readonly heads: GrowingNumbers;
  /** The number of heads of all shapes. */
  readonly headCount: number;
  readonly people: People;
}

/** Who writes, and how names end. */
interface People {
  /** The names follow each other as `Bob:Hi`, without a blank. */
  readonly areTight: boolean;
  /** Whether a name belongs to somebody who writes. What WhatsApp itself says has the name of the group. */
  writes(name: string): boolean;
}

function surveyed(lines: Iterable<Line>): Survey | null {
  const shapes = new Map<string, GrowingNumbers>();
  const writers = new Map<string, boolean>();
  let [headCount, loose, tight] = [0, 0, 0];
  for (const { text } of lines) {
    const head = headOf(text);
    if (!head) continue;
    headCount++;
    const heads = shapes.get(head.shape);
    if (heads) heads.push(packed(head));
    else {
      const first = new GrowingNumbers();
      first.push(packed(head));
      shapes.set(head.shape, first);
    }
    const rest = text.slice(head.end);
    if (/^[^:]*:(?:\s|$)/.test(rest)) loose++;
    else if (/^[^:]{1,60}:/.test(rest)) tight++;
    const { speaker, text: words, isMarked } = bodyOf(rest, false);
    if (speaker !== null && (writers.size < mostNames || writers.has(speaker)))
      writers.set(speaker, writers.get(speaker) === true || isOrdinary(speaker, words, isMarked));
  }
  const largest = [...shapes].reduce<[string, GrowingNumbers] | null>(
    (best, shape) => (best && best[1].length >= shape[1].length ? best : shape),
    null,
  );
  if (!largest) return null;
  const [shape, heads] = largest;
  const people = { areTight: tight > loose, writes: (name: string) => writers.get(name) !== false };
  return { shape, heads, headCount, people };
}

/** Clocks differ by this much between the phones of a chat. */
const tolerance = 60_000;
/** More messages than this are never a pasted passage: rather, the clock was wrong. */
const longestPassage = 20;
const hour = 3_600_000;

/**
 * For each head, 1 if it begins a message and 0 if its line was pasted: there is no such date, or time goes back and soon
 * returns. Clocks that are set back at night are no sign of a passage.
 */
function beginnings(times: GrowingNumbers): Uint8Array {
  const begins = new Uint8Array(times.length);
  let now = Number.NEGATIVE_INFINITY;
  let passageEnd = 0;
  for (let index = 0; index < times.length; index++) {
    const time = times.at(index);
    if (Number.isNaN(time) || index < passageEnd) continue;
    if (time < now - tolerance && !isClockChange(time, now)) {
      const end = passageFrom(index, now - tolerance, times);
      if (end !== undefined) {
        passageEnd = end;
        continue;
      }
    }
    begins[index] = 1;
    now = time;
  }
  return begins;
}

/** The index after a passage of earlier times. Undefined if it is too long for one. */
function passageFrom(from: number, now: number, times: GrowingNumbers): number | undefined {
  for (let index = from; index <= from + longestPassage; index++)
    if (index >= times.length || times.at(index) >= now) return index;
  return undefined;
}

function isClockChange(time: number, now: number): boolean {
  const hourOfDay = Math.floor(time / hour) % 24;
  return now - time <= hour && hourOfDay <= 3;
}

interface Reading {
  readonly shape: string;
  readonly times: GrowingNumbers;
  readonly begins: Uint8Array;
  readonly people: People;
  readonly file: string;
}

function* messages(lines: Iterable<Line>, reading: Reading): Generator<ChatMessage> {
  const { shape, times, begins, people, file } = reading;
  let heads = 0;
  let open: { readonly body: Body; readonly time: number; readonly line: number } | undefined;
  let more: string[] = [];
  let [lastLine, length] = [0, 0];
  const closed = function* (): Generator<ChatMessage> {
    if (!open) return;
    const { body, time, line } = open;
    const writes = body.speaker !== null && people.writes(body.speaker);
    for (const { kind, text } of messagesOf(body, more, writes))
      yield { chat: file, speaker: body.speaker ?? '', time, text, kind, line, file };
  };
  for (const { text: whole, number } of lines) {
    const text = whole.replace(/\r$/, '');
    const head = headOf(text);
    const index = head?.shape === shape ? heads++ : -1;
    if (head && begins[index] === 1) {
      yield* closed();
      open = { body: bodyOf(text.slice(head.end), people.areTight), time: times.at(index), line: number };
      more = [];
      length = 0;
    } else if (open) {
      length += text.length;
      if (length > longestRecord) throw tooLong(file, open.line, 'record');
      // The lines without text that were left out separate paragraphs.
      if (number > lastLine + 1) more.push(...Array<string>(Math.min(2, number - lastLine - 1)).fill(''));
      more.push(text);
    }
    lastLine = number;
  }
  yield* closed();
}
