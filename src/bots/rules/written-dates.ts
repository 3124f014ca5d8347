// Dates and times as people write them, English and Chinese: `tomorrow`, `next Friday`, `24 December`, `下周五`, `12月24日`, `3pm`,
// `下午三点半`. A date without a year is the next one; a weekday alone is the next one, today included.

import { addDays, type Day, dayOf, weekdayOf } from './calendar.js';
import { chineseNumberAt } from './chinese-numbers.js';
import { numberAt } from './numbers.js';

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const months = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september'],
  ...['october', 'november', 'december'],
];
const chineseWeekdays: ReadonlyMap<string, number> = new Map(
  [...'一二三四五六日天1234567'].map((name, at) => [name, at < 7 ? at : at === 7 ? 6 : at - 8]),
);

/** Days from today, by word; longer words come first. */
const relative: readonly (readonly [word: string, days: number])[] = [
  ['the day after tomorrow', 2],
  ['day after tomorrow', 2],
  ['the day before yesterday', -2],
  ['day before yesterday', -2],
  ['today', 0],
  ['tonight', 0],
  ['tomorrow', 1],
  ['yesterday', -1],
  ['大后天', 3],
  ['大前天', -3],
  ['今天', 0],
  ['今日', 0],
  ['今晚', 0],
  ['明天', 1],
  ['明日', 1],
  ['后天', 2],
  ['昨天', -1],
  ['昨日', -1],
  ['前天', -2],
];

/** Days with a name that are always on the same date; longer names come first. */
const named: readonly (readonly [name: string, month: number, day: number])[] = [
  ['christmas eve', 12, 24],
  ['christmas day', 12, 25],
  ['christmas', 12, 25],
  ['boxing day', 12, 26],
  ["new year's eve", 12, 31],
  ["new year's day", 1, 1],
  ['new year', 1, 1],
  ["valentine's day", 2, 14],
  ['halloween', 10, 31],
  ['平安夜', 12, 24],
  ['圣诞节', 12, 25],
  ['元旦', 1, 1],
  ['情人节', 2, 14],
  ['劳动节', 5, 1],
  ['儿童节', 6, 1],
  ['国庆节', 10, 1],
];

const monthName = `(${months.map((name) => `${name}|${name.slice(0, 3)}\\.?`).join('|')}|sept\\.?)`;
const weekdayName = `(${weekdays.map((name) => `${name}|${name.slice(0, 3)}`).join('|')}|tues|thurs|thur)`;
const word = '(?![\\p{L}\\p{N}])';
const sticky = (source: string) => new RegExp(source, 'uy');

const iso = sticky(`(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})(?!\\d)`);
const dayFirst = sticky(
  `(?:the )?(\\d{1,2})(?:st|nd|rd|th|\\.)?(?: of)? ${monthName}(?:,? (\\d{4}))?${word}`,
);
const monthFirst = sticky(`${monthName} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?${word}`);
const slashes = sticky(`(\\d{1,2})[/.-](\\d{1,2})[/.-](\\d{4})(?!\\d)`);
const weekday = sticky(`(?:(next|this|coming) )?${weekdayName}${word}`);
const chineseWeekday = sticky(`(下下|下|这|本|上)?(?:个)?(?:周|星期|礼拜)([一二三四五六日天1-7])`);
const chineseDate = sticky(
  `(?:(\\d{4}|[〇零一二三四五六七八九]{4})年 ?)?([\\d一二三四五六七八九十]{1,3})月 ?([\\d一二三四五六七八九十]{1,3})[日号]`,
);
const inDays = sticky('in ');
const unitOfDays = sticky(` ?(days?|weeks?|天|日|周|个?星期)(?:之?后)?${word}`);

export interface WrittenDate {
  readonly end: number;
  readonly day: Day;
}

/** The longest date that begins at a position of a text in lower case. */
export function dateAt(text: string, at: number, today: Day): WrittenDate | null {
  const found = [
    relativeAt,
    namedDayAt,
    isoAt,
    dayFirstAt,
    monthFirstAt,
    slashesAt,
    weekdayAt,
    chineseWeekdayAt,
    chineseDateAt,
    spanAt,
  ]
    .map((read) => read(text, at, today))
    .filter((date) => date !== null);
  return found.sort((one, other) => other.end - one.end)[0] ?? null;
}

function relativeAt(text: string, at: number, today: Day): WrittenDate | null {
  const known = relative.find(([name]) => text.startsWith(name, at));
  if (!known) return null;
  const end = wordEnd(text, at, known[0]);
  return end === null ? null : { end, day: addDays(today, known[1]) };
}

/** Where a word ends, unless it goes on. */
function wordEnd(text: string, at: number, name: string): number | null {
  const end = at + name.length;
  const goesOn = /^[a-z]$/.test(name.at(-1) ?? '') && /[\p{L}\p{N}]/u.test(text[end] ?? '');
  return goesOn ? null : end;
}

function namedDayAt(text: string, at: number, today: Day): WrittenDate | null {
  const known = named.find(([name]) => text.startsWith(name, at));
  const end = known ? wordEnd(text, at, known[0]) : null;
  const day = known ? onDate(undefined, known[1], known[2], today) : null;
  return end === null || !day ? null : { end, day };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function dated(match: RegExpExecArray, day: Day | null): WrittenDate | null {
  return day && { end: match.index + match[0].length, day };
}

function isoAt(text: string, at: number): WrittenDate | null {
  const match = matchAt(iso, text, at);
  return match && dated(match, dayOf(Number(match[1]), Number(match[2]), Number(match[3])));
}

/** In the year that is written, or the next one that has the day in the future. */
function onDate(year: string | undefined, month: number, day: number, today: Day): Day | null {
  if (year !== undefined) return dayOf(Number(year), month, day);
  // Eight years, since 29 February is missing in up to seven in a row.
  for (let later = 0; later <= 8; later++) {
    const found = dayOf(today.year + later, month, day);
    if (found && !isBefore(found, today)) return found;
  }
  return null;
}

function isBefore(one: Day, other: Day): boolean {
  return one.year !== other.year
    ? one.year < other.year
    : one.month !== other.month
      ? one.month < other.month
      : one.day < other.day;
}

const monthOf = (name: string) => 1 + months.findIndex((month) => month.startsWith(name.slice(0, 3)));

function dayFirstAt(text: string, at: number, today: Day): WrittenDate | null {
  const match = matchAt(dayFirst, text, at);
  return match && dated(match, onDate(match[3], monthOf(match[2] ?? ''), Number(match[1]), today));
}

function monthFirstAt(text: string, at: number, today: Day): WrittenDate | null {
  const match = matchAt(monthFirst, text, at);
  return match && dated(match, onDate(match[3], monthOf(match[1] ?? ''), Number(match[2]), today));
}

/** `24/12/2026` and `12/24/2026`, but not `11/12/2026`, which means two days. */
function slashesAt(text: string, at: number): WrittenDate | null {
  const match = matchAt(slashes, text, at);
  if (!match) return null;
  const [first, second, year] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (first <= 12 && second <= 12 && first !== second) return null;
  return dated(match, first > 12 ? dayOf(year, second, first) : dayOf(year, first, second));
}

function weekdayAt(text: string, at: number, today: Day): WrittenDate | null {
  const match = matchAt(weekday, text, at);
  if (!match) return null;
  const wanted = weekdays.findIndex((name) => name.startsWith((match[2] ?? '').slice(0, 3)));
  return dated(match, match[1] === 'next' ? inWeek(today, 1, wanted) : coming(today, wanted));
}

function chineseWeekdayAt(text: string, at: number, today: Day): WrittenDate | null {
  const match = matchAt(chineseWeekday, text, at);
  if (!match) return null;
  const wanted = chineseWeekdays.get(match[2] ?? '') ?? 0;
  const weeks = new Map([
    ['下下', 2],
    ['下', 1],
    ['这', 0],
    ['本', 0],
    ['上', -1],
  ]).get(match[1] ?? '');
  return dated(match, weeks === undefined ? coming(today, wanted) : inWeek(today, weeks, wanted));
}

/** The next such weekday, today included. */
function coming(today: Day, wanted: number): Day {
  return addDays(today, (wanted - weekdayOf(today) + 7) % 7);
}

/** A weekday in a later week; weeks begin on Monday. */
function inWeek(today: Day, weeks: number, wanted: number): Day {
  return addDays(today, 7 * weeks + wanted - weekdayOf(today));
}

const plainNumber = (written: string) =>
  /^\d+$/.test(written) ? Number(written) : Number(chineseNumberAt(written, 0)?.digits ?? Number.NaN);

function chineseDateAt(text: string, at: number, today: Day): WrittenDate | null {
  const match = matchAt(chineseDate, text, at);
  if (!match) return null;
  const year = match[1] === undefined ? undefined : String(plainNumber(match[1]));
  return dated(match, onDate(year, plainNumber(match[2] ?? ''), plainNumber(match[3] ?? ''), today));
}

/** `in 3 days`, 两周后 */
function spanAt(text: string, at: number, today: Day): WrittenDate | null {
  const isEnglish = matchAt(inDays, text, at) !== null;
  const number = numberAt(text, isEnglish ? at + 3 : at);
  const match = number && matchAt(unitOfDays, text, number.end);
  if (!match || !/^\d{1,4}$/.test(number.digits) || isEnglish !== /[a-z]/.test(match[1] ?? '')) return null;
  if (!isEnglish && !match[0].endsWith('后')) return null;
  const days = /week|周|星期/.test(match[1] ?? '') ? 7 : 1;
  return dated(match, addDays(today, days * Number(number.digits)));
}

export interface WrittenTime {
  readonly end: number;
  /** `15:30` */
  readonly time: string;
}

const clock = sticky(`(\\d{1,2})[:.](\\d{2})(?: ?(a\\.?m\\.?|p\\.?m\\.?))?${word}`);
const hourOfHalf = sticky(`(\\d{1,2}) ?(a\\.?m\\.?|p\\.?m\\.?)${word}`);
const namedTime = sticky(`(noon|midday|midnight)${word}`);
const chinesePart = sticky('(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里)? ?');
const chineseRest = sticky('(?:点|點|时)(?:钟|整|(半)|([一三])刻|)');
const minutesAfter = sticky('分?');

/** The time of day that begins at a position of a text in lower case. */
export function timeAt(text: string, at: number): WrittenTime | null {
  return clockAt(text, at) ?? hourAt(text, at) ?? namedAt(text, at) ?? chineseTimeAt(text, at);
}

function clockAt(text: string, at: number): WrittenTime | null {
  const match = matchAt(clock, text, at);
  return match && timed(match, hourIn(Number(match[1]), match[3]), Number(match[2]));
}

function hourAt(text: string, at: number): WrittenTime | null {
  const match = matchAt(hourOfHalf, text, at);
  return match && timed(match, hourIn(Number(match[1]), match[2]), 0);
}

function namedAt(text: string, at: number): WrittenTime | null {
  const match = matchAt(namedTime, text, at);
  return match && timed(match, match[1] === 'midnight' ? 0 : 12, 0);
}

function timed(match: RegExpExecArray, hour: number | null, minute: number): WrittenTime | null {
  return timeOf(match.index + match[0].length, hour, minute);
}

function timeOf(end: number, hour: number | null, minute: number): WrittenTime | null {
  if (hour === null || hour > 23 || minute > 59) return null;
  return { end, time: `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}` };
}

function hourIn(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half.startsWith('p') ? 12 : 0);
}

function chineseTimeAt(text: string, at: number): WrittenTime | null {
  const part = matchAt(chinesePart, text, at);
  const number = numberAt(text, at + (part?.[0].length ?? 0));
  // 三点五 is read as a number with decimals, so the hour is what stands before 点.
  const point = number ? text.slice(at, number.end).search(/[点點]/u) : -1;
  const hourEnd = !number ? -1 : point >= 0 ? at + point : number.end;
  const rest = hourEnd < 0 ? null : matchAt(chineseRest, text, hourEnd);
  if (!rest) return null;
  const hour = plainNumber(text.slice(at + (part?.[0].length ?? 0), hourEnd).trim());
  const { end, minute } = chineseMinutes(text, rest);
  return timeOf(end, Number.isNaN(hour) ? null : hourOfPart(hour, part?.[1]), minute);
}

function chineseMinutes(
  text: string,
  rest: RegExpExecArray,
): { readonly end: number; readonly minute: number } {
  const end = rest.index + rest[0].length;
  if (rest[1]) return { end, minute: 30 };
  if (rest[2]) return { end, minute: rest[2] === '一' ? 15 : 45 };
  const number = /[点點时]$/u.test(rest[0]) ? numberAt(text, end) : null;
  if (!number || !/^\d{1,2}$/.test(number.digits)) return { end, minute: 0 };
  const after = matchAt(minutesAfter, text, number.end);
  return { end: number.end + (after?.[0].length ?? 0), minute: Number(number.digits) };
}

function hourOfPart(hour: number, part: string | undefined): number {
  const isLate = part === '下午' || part === '傍晚' || part === '晚上' || (part === '中午' && hour < 3);
  return isLate && hour < 12 ? hour + 12 : part === '凌晨' && hour === 12 ? 0 : hour;
}
