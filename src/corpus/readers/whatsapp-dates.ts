// Reads the date and time at the head of a line of a WhatsApp export. WhatsApp writes them as the phone's language and
// region do: 12-hour or 24-hour clocks, other digits, words of the day, invisible marks, year, month or day first. A file
// has one shape of head and one order of date, and nothing in a single line says which order it is.

import type { GrowingNumbers } from '../growing-numbers.js';
import type { DateOrder } from '../reader.js';
import { dayOf, monthOf } from './calendars.js';

/** The head of a line, without a decision about the order of its date. */
export interface Head {
  /** Equal for all heads that one export writes: brackets, separators, seconds, place of the marker. */
  readonly shape: string;
  /** The three numbers of the date as written, and the second of the day. */
  readonly date: readonly [number, number, number];
  readonly second: number;
  /** Whether a bracket, a dash or the like ends the head, and not only a blank. */
  readonly isClosed: boolean;
  /** Where the text after the head begins. */
  readonly end: number;
}

/** Marks that are invisible and say nothing here: directions, joiners, the byte order mark. */
export const invisible = '\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff\\u061c';

/** The words for the halves and other parts of a day, before or after the time, without dots and blanks. */
const dayParts: Readonly<Record<string, 'am' | 'pm' | 'noon'>> = {
  ...{ am: 'am', pm: 'pm' },
  ...{ 凌晨: 'am', 清晨: 'am', 早上: 'am', 上午: 'am', 中午: 'noon', 下午: 'pm', 傍晚: 'pm', 晚上: 'pm' },
  ...{ 午前: 'am', 午後: 'pm', 오전: 'am', 오후: 'pm' },
  ...{ ص: 'am', م: 'pm', قظ: 'am', بظ: 'pm' },
  ...{ πμ: 'am', μμ: 'pm', öö: 'am', ös: 'pm', de: 'am', du: 'pm', fm: 'am', em: 'pm', ap: 'am', ip: 'pm' },
  ...{ sa: 'am', ch: 'pm', pg: 'am', ptg: 'pm' },
};

/** The first digits of scripts that have their own. */
const zeros = [
  0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0xff10,
];

/** No head is longer than this. */
const longestHead = 60;

const looksLikeHead = new RegExp(
  `^[\\s${invisible}]{0,20}\\[?[\\s${invisible}]{0,20}(?:\\p{L}{3,12}\\.? )?\\p{Nd}`,
  'u',
);
const isInvisible = new RegExp(`[${invisible}]`);

/** Any of them, with dots and blanks between its letters. */
const word = `(${Object.keys(dayParts)
  .map((part) => `${[...part].join('\\.? ?')}\\.?`)
  .join('|')})(?!\\p{L})`;
const date =
  '(\\d{1,4}) ?([/.년年-]) ?(\\d{1,2}) ?[/.월月-] ?(\\d{1,4})(?!\\d)(?: ?[.일日])?(?: ?(?:г\\.?|BE|هـ?))?';
/** `12 May 2024`, `12-Mai-24`, `12. Mai 2024`, `12 de mayo de 2024`, `12 мая 2024 г.` */
const namedDate =
  '(\\d{1,2})\\.?[ /-](?:de )?(\\p{L}{3,12})\\.?(?: de)?,?[ /-](\\d{4}|\\d{2})(?!\\d)(?: ?г\\.?)?';
/** `May 12, 2024` */
const americanDate = '(\\p{L}{3,12})\\.? (\\d{1,2}),? (\\d{4})';
const time = `(?:${word} ?)?(\\d{1,2}) ?[:.h時时시] ?(\\d{2})(?:[:.](\\d{2}))?(?!\\d)(?: ?${word})?(?: ?น\\.?)?`;
/** Between date and time: a comma, a blank, a word such as `klo`, `à` or `às`. */
const between = '[,،]? ?(?:(?:klo|kl\\.?|à|às|a las|at|um|ob|u|o) )?';
const close = '(\\] ?| [-–—] |: |, | (?=\\S))';
const dateFirst = new RegExp(`^(\\[?) ?${date}${between}${time}${close}`, 'iu');
const namedFirst = new RegExp(`^(\\[?) ?${namedDate}${between}${time}${close}`, 'iu');
const americanFirst = new RegExp(`^(\\[?) ?${americanDate}${between}${time}${close}`, 'iu');
const timeFirst = new RegExp(`^(\\[?) ?${time}[,،]? ?${date}${close}`, 'iu');

/** The head of a line, or null if the line has none. */
export function headOf(line: string): Head | null {
  if (!looksLikeHead.test(line)) return null;
  const { text, places } = plain(line);
  const first = dateFirst.exec(text);
  const found = first ? fieldsOf(first, 2, 6) : (swapped(timeFirst.exec(text)) ?? named(text));
  if (!found) return null;
  const { match, open, date: numbers, separator, clock } = found;
  const closing = (match.at(-1) ?? '').trim();
  if ((open === '[') !== (closing === ']') || !isClosed(closing, clock)) return null;
  const second = secondOfDay(clock);
  if (second === null) return null;
  const place = clock.before ? 'before' : clock.after ? 'after' : '';
  const year = numbers[0] > 31 ? 'year' : '';
  return {
    shape: [found.begins, open, closing, separator, year, clock.second ? ':' : '', place].join('|'),
    date: numbers,
    second,
    isClosed: closing !== '',
    end: places[match[0].length] ?? line.length,
  };
}

/** A head without a bracket ends in a dash or colon; in a comma after a marked time; in nothing after seconds. */
function isClosed(closing: string, { before, after, second }: Clock): boolean {
  if (closing === ',') return before !== undefined || after !== undefined;
  return closing !== '' || second !== undefined;
}

interface Clock {
  readonly before: string | undefined;
  readonly hour: number;
  readonly minute: number;
  readonly second: string | undefined;
  readonly after: string | undefined;
}

interface Fields {
  readonly begins: 'date' | 'time' | 'month';
  readonly match: RegExpExecArray;
  readonly open: string;
  readonly date: readonly [number, number, number];
  readonly separator: string;
  readonly clock: Clock;
}

/** @param date @param time the first groups of each. */
function fieldsOf(match: RegExpExecArray, date: number, time: number): Fields {
  const number = (group: number) => Number(match[group]);
  return {
    begins: date < time ? 'date' : 'time',
    match,
    open: match[1] ?? '',
    date: [number(date), number(date + 2), number(date + 3)],
    separator: match[date + 1] ?? '',
    clock: clockOf(match, time),
  };
}

function clockOf(match: RegExpExecArray, time: number): Clock {
  return {
    before: match[time],
    hour: Number(match[time + 1]),
    minute: Number(match[time + 2]),
    second: match[time + 3],
    after: match[time + 4],
  };
}

/** A date with the name of its month. It is given with the year first, so that no order is in question. */
function named(text: string): Fields | null {
  const european = namedFirst.exec(text);
  const match = european ?? americanFirst.exec(text);
  const [day = '', month = '', year = ''] = european
    ? european.slice(2, 5)
    : match
      ? [match[3], match[2], match[4]]
      : [];
  const number = monthOf(month);
  if (!match || number === undefined) return null;
  const full = year.length === 2 ? 2000 + Number(year) : Number(year);
  return {
    begins: european ? 'date' : 'month',
    match,
    open: match[1] ?? '',
    date: [full, number, Number(day)],
    separator: 'name',
    clock: clockOf(match, 5),
  };
}

function swapped(match: RegExpExecArray | null): Fields | null {
  return match && fieldsOf(match, 7, 2);
}

/** Null unless it is a time of day. */
function secondOfDay({ before, hour, minute, second = '0', after }: Clock): number | null {
  const isTime = hour <= 24 && minute < 60 && Number(second) < 60;
  if (!isTime || (before !== undefined && after !== undefined)) return null;
  const part = dayParts[(before ?? after ?? '').toLowerCase().replace(/[. ]/g, '')];
  return 3600 * hourOfDay(hour, part) + 60 * minute + Number(second);
}

function hourOfDay(hour: number, part: 'am' | 'pm' | 'noon' | undefined): number {
  if (part === undefined || hour > 12) return hour % 24;
  if (part === 'noon') return hour >= 10 ? hour : hour + 12;
  return (hour % 12) + (part === 'pm' ? 12 : 0);
}

/**
 * The beginning of a line with ASCII digits and blanks, without invisible marks, and for each of its characters the place in
 * the line. The last place is that of the character after it.
 */
function plain(line: string): { readonly text: string; readonly places: readonly number[] } {
  const places: number[] = [];
  let text = '';
  let place = 0;
  for (; place < line.length && text.length < longestHead; place++) {
    const character = line[place] ?? '';
    // Nearly all characters are ASCII, and none of those is invisible.
    if (character > '\x7f' && isInvisible.test(character)) continue;
    if (text === '' && character.trim() === '') continue;
    text += plainCharacter(character);
    places.push(place);
  }
  return { text, places: [...places, place] };
}

function plainCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x80) return character === '\t' ? ' ' : character;
  const zero = zeros.find((first) => code >= first && code < first + 10);
  if (zero !== undefined) return String(code - zero);
  return /\s/.test(character) ? ' ' : character;
}

/** Milliseconds since 1970 in UTC. NaN if there is no such date in this order. */
export function timeOf([first, second, third]: Head['date'], secondOfDay: number, order: DateOrder): number {
  const [given, month, day] =
    first > 31 || order === 'ymd'
      ? [first, second, third]
      : order === 'mdy'
        ? [third, first, second]
        : [third, second, first];
  return dayOf(given, month, day) + 1000 * secondOfDay;
}

/** A head as one number, to keep millions of them. */
export function packed({ date: [first, second, third], second: secondOfDay }: Head): number {
  return ((first * 100 + second) * 10_000 + third) * 86_400 + secondOfDay;
}

export function unpacked(number: number): { readonly date: Head['date']; readonly second: number } {
  const date = Math.floor(number / 86_400);
  const [first, rest] = [Math.floor(date / 1_000_000), date % 1_000_000];
  return { date: [first, Math.floor(rest / 10_000), rest % 10_000], second: number % 86_400 };
}

export interface ChosenOrder {
  readonly order: DateOrder;
  /** Nothing in the file says which order it is. */
  readonly isGuess: boolean;
}

/**
 * The order of all dates of a file. In turn: a year in front; a number above 12 that can only be a day; the order in which
 * time goes back least often; the separator and the clock that go with an order; and otherwise the day first.
 */
export function dateOrder(shape: string, heads: GrowingNumbers): ChosenOrder {
  const dates = new Dates(heads);
  const [, , , separator, year, , marker] = shape.split('|');
  const sure = (order: DateOrder): ChosenOrder => ({ order, isGuess: false });
  if (year === 'year') return sure('ymd');
  const steps = { dmy: dates.stepsBack('dmy'), mdy: dates.stepsBack('mdy'), ymd: dates.stepsBack('ymd') };
  if (steps.ymd === 0 && dates.aboveTwelve.third > 0 && steps.dmy > 0 && steps.mdy > 0) return sure('ymd');
  const { first, second } = dates.aboveTwelve;
  if (first !== second) return sure(first > second ? 'dmy' : 'mdy');
  if (steps.dmy !== steps.mdy) return sure(steps.dmy < steps.mdy ? 'dmy' : 'mdy');
  if (separator === '.') return sure('dmy');
  const isAmerican = separator === '/' && dates.hasShortYears && marker !== '';
  return { order: isAmerican ? 'mdy' : 'dmy', isGuess: dates.differ };
}

class Dates {
  readonly aboveTwelve = { first: 0, second: 0, third: 0 };
  readonly hasShortYears: boolean;
  /** Whether a date is another one when the day and the month change places. */
  readonly differ: boolean;

  constructor(private readonly heads: GrowingNumbers) {
    let [differ, short] = [false, true];
    for (let index = 0; index < heads.length; index++) {
      const [first, second, third] = unpacked(heads.at(index)).date;
      if (first > 12) this.aboveTwelve.first++;
      if (second > 12) this.aboveTwelve.second++;
      if (third > 12) this.aboveTwelve.third++;
      differ ||= first !== second;
      short &&= third < 100;
    }
    this.differ = differ;
    this.hasShortYears = short;
  }

  /** How often time goes back by more than an hour, or is no time. */
  stepsBack(order: DateOrder): number {
    let [steps, before] = [0, Number.NEGATIVE_INFINITY];
    for (let index = 0; index < this.heads.length; index++) {
      const { date, second } = unpacked(this.heads.at(index));
      const now = timeOf(date, second, order);
      if (Number.isNaN(now) || now < before - 3_600_000) steps++;
      if (!Number.isNaN(now)) before = now;
    }
    return steps;
  }
}
