// Time and date where the user is, or in a place that the user names: `what time is it in Tokyo`, `what day is tomorrow`,
// `几点了`.

import type { Language } from '../../language.js';
import { addDays, type Day, daysBetween, isoOf, localTime, type Moment, weekdayOf } from '../calendar.js';
import type { Message } from '../message.js';
import { parsePattern } from '../pattern.js';
import { type Captures, Program, stepsOfMessage } from '../program.js';
import { listKind, type SlotKind, slotKinds } from '../slots.js';
import { dateAt } from '../written-dates.js';
import { zoneOfPlace } from './places.js';
import type { Skill } from './skill.js';

export const clock = {
  name: 'clock',
  help: "Time, date and weekday, in the user's time zone or in a city; how many days it is until a date.",
  examples: [
    ['What time is it?', 'It is 09:05.'],
    ["what's the time in Tokyo", 'In Tokyo it is 17:05.'],
    ['What time is it now in Los Angeles?', 'In Los Angeles it is 00:05.'],
    ['what day is it', 'Today is Tuesday, 1 December 2026.'],
    ["What's the date tomorrow?", 'Tomorrow is Wednesday, 2 December 2026.'],
    ['what day was yesterday', 'Yesterday was Monday, 30 November 2026.'],
    ['What day of the week is 2026-12-25?', '2026-12-25 is a Friday.'],
    ['how many days until December 24', 'It is 23 days until 2026-12-24.'],
    ['what year is it', 'It is 2026.'],
    ['现在几点了？', '现在是09:05。'],
    ['纽约现在几点', '纽约现在是03:05。'],
    ['今天几号', '今天是2026年12月1日，星期二。'],
    ['明天星期几？', '明天是2026年12月2日，星期三。'],
    ['离12月24日还有多少天', '距离2026年12月24日还有23天。'],
    ['what time do you open', null],
    ['time is money', null],
    ['what time is it in Atlantis', null],
  ],
  answer,
} as const satisfies Skill;

const relativeDays: ReadonlyMap<string, number> = new Map([
  ['today', 0],
  ['tomorrow', 1],
  ['yesterday', -1],
  ['the day after tomorrow', 2],
  ['the day before yesterday', -2],
  ['今天', 0],
  ['明天', 1],
  ['后天', 2],
  ['昨天', -1],
  ['前天', -2],
]);

const itself = (names: Iterable<string>) => new Map([...names].map((name) => [name, name]));
const kinds: ReadonlyMap<string, SlotKind> = new Map(
  [
    listKind('place', itself(zoneOfPlace.keys())),
    listKind('when', itself(relativeDays.keys())),
    ...slotKinds,
  ].map((kind) => [kind.name, kind]),
);

const polite = '[hi|hello|hey|so|ok|okay] [please|can you tell me|could you tell me|tell me|do you know]';
const politeChinese = '[你好|请问|请问一下|那|那么]';

const timeQuestion =
  "([what is|what's|whats] [the] [current] time|what time is it|what time it is|what the time is)";

/** A question, and who answers it. */
interface Asked {
  readonly program: Program;
  readonly reply: (asked: Question) => string | null;
}

interface Question {
  readonly message: Message;
  readonly moment: Moment;
  readonly captures: Captures;
}

const asked: readonly Asked[] = (
  [
    [
      timeReply,
      `${polite} ${timeQuestion} [right] [now] [please]`,
      `${polite} ${timeQuestion} [right] [now] in {place} [right] [now] [please]`,
      `${politeChinese}[现在|当前|目前](几点|几点钟|什么时间|什么时候|的时间是多少|时间是几点|时间)[了|啦][呢|啊|呀|吗]`,
      `${politeChinese}{place}[时间|那边|那里][的][现在|当前|目前](几点|几点钟|什么时间|是几点|是几点钟|时间|的时间)[了|啦][呢|啊|呀]`,
      `${politeChinese}现在{place}[时间|那边|那里](几点|几点钟|是几点|什么时间|是什么时间)[了|啦][呢|啊|呀]`,
    ],
    [
      dayReply,
      `${polite} (what day is it|what is the date|what's the date|whats the date|what date is it|what is today's date|what's today's date|today's date|the date|what day it is|what weekday is it|what day of the week is it|what month is it|which month is it) [{when}] [please]`,
      `${polite} (what day is|what day was|what day will it be|what date is|what date was|what's the date|what is|what's|which day is) {when} [please]`,
      `${politeChinese}{when}(几号|是几号|几月几号|是几月几号|几月几日|是几月几日|是什么日子|星期几|是星期几|周几|是周几|礼拜几|是礼拜几|什么日子|是什么日期|日期|多少号)[了|啦][呢|啊|呀]`,
    ],
    [
      weekdayReply,
      `${polite} (what day|what weekday|which day) [of the week] (is|was|will be) {date}`,
      `${politeChinese}{date}(是星期几|星期几|是周几|周几|是礼拜几|礼拜几)[呢|啊|呀]`,
    ],
    [
      daysReply,
      `${polite} how many days [is it|are there|are left] (until|till|to|before) {date}`,
      `${politeChinese}(离|距离|距|到){date}[还](有)(几天|多少天)[呢|啊|呀]`,
    ],
    [
      yearReply,
      `${polite} (what year is it|what's the year|which year is it) [now]`,
      `${politeChinese}[今年|现在](是哪一年|是哪年|哪一年|哪年|是几几年)[呢|啊|呀]`,
    ],
  ] as const
).flatMap(([reply, ...patterns]) =>
  patterns.map((pattern) => ({
    program: new Program(parsePattern(pattern, kinds).expression, false),
    reply,
  })),
);

function answer(message: Message, moment: Moment): string | null {
  const budget = { steps: stepsOfMessage };
  for (const { program, reply } of asked) {
    const captures = program.match(message, message.start, message.end, budget);
    const text = captures && reply({ message, moment, captures });
    if (text) return text;
  }
  return null;
}

function captured({ message, captures }: Question, name: string): string | undefined {
  const range = captures.get(name);
  return range && message.text.slice(...range);
}

function timeReply(question: Question): string | null {
  const place = captured(question, 'place');
  const zone = place === undefined ? question.moment.timeZone : zoneOfPlace.get(place.toLowerCase());
  if (zone === undefined) return null;
  const { time } = localTime({ ...question.moment, timeZone: zone });
  if (question.message.language === 'zh') return `${place === undefined ? '' : place}现在是${time}。`;
  return place === undefined ? `It is ${time}.` : `In ${capitals(place)} it is ${time}.`;
}

/** As places are written: `New York`. */
function capitals(place: string): string {
  return place.replace(/(?<!\p{L})\p{Ll}/gu, (letter) => letter.toUpperCase());
}

function dayReply(question: Question): string | null {
  const { message, moment } = question;
  const name = captured(question, 'when')?.toLowerCase() ?? (message.language === 'zh' ? '今天' : 'today');
  const days = relativeDays.get(name) ?? 0;
  const day = addDays(localTime(moment).day, days);
  if (message.language === 'zh') return `${name}是${dayText(day, 'zh')}。`;
  const start = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  return `${start} ${days < 0 ? 'was' : 'is'} ${dayText(day, 'en')}.`;
}

function dateIn(question: Question): Day | null {
  const range = question.captures.get('date');
  const today = localTime(question.moment).day;
  return range ? (dateAt(question.message.folded, range[0], today)?.day ?? null) : null;
}

function weekdayReply(question: Question): string | null {
  const day = dateIn(question);
  if (!day) return null;
  const weekday = weekdayOf(day);
  if (question.message.language === 'zh') return `${chineseDay(day)}是星期${chineseWeekdays[weekday]}。`;
  const verb = daysBetween(localTime(question.moment).day, day) < 0 ? 'was' : 'is';
  return `${isoOf(day)} ${verb} a ${weekdays[weekday]}.`;
}

function daysReply(question: Question): string | null {
  const day = dateIn(question);
  const days = day ? daysBetween(localTime(question.moment).day, day) : -1;
  if (!day || days < 0) return null;
  if (question.message.language === 'zh') return `距离${chineseDay(day)}还有${days}天。`;
  return `It is ${days} ${days === 1 ? 'day' : 'days'} until ${isoOf(day)}.`;
}

function yearReply({ message, moment }: Question): string {
  const { year } = localTime(moment).day;
  return message.language === 'zh' ? `今年是${year}年。` : `It is ${year}.`;
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const chineseWeekdays = [...'一二三四五六日'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September'],
  ...['October', 'November', 'December'],
];

function dayText(day: Day, language: Language): string {
  const weekday = weekdayOf(day);
  return language === 'zh'
    ? `${chineseDay(day)}，星期${chineseWeekdays[weekday]}`
    : `${weekdays[weekday]}, ${day.day} ${months[day.month - 1]} ${day.year}`;
}

function chineseDay({ year, month, day }: Day): string {
  return `${year}年${month}月${day}日`;
}
