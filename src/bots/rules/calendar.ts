// Days of the calendar, without a time and without a zone, and what day and time it is somewhere. Zones and daylight saving
// come from Intl. Days are counted in UTC, where every day has 24 hours.

import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';

export interface Day {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

/** What date and time words mean depends on it. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** An IANA name; null: the program's own zone. */
  readonly timeZone: string | null;
}

const millisecondsOfDay = 86_400_000;

/** @returns null for a day that no calendar has, such as 30 February. Years from 1 to 9999. */
export function dayOf(year: number, month: number, day: number): Day | null {
  if (year < 1 || year > 9999) return null;
  const found = fromNumber(numberOf({ year, month, day }));
  return found.year === year && found.month === month && found.day === day ? found : null;
}

export function addDays(day: Day, days: number): Day {
  return fromNumber(numberOf(day) + days);
}

/** How many days pass from one to the other. */
export function daysBetween(from: Day, to: Day): number {
  return numberOf(to) - numberOf(from);
}

/** 0 is Monday. */
export function weekdayOf(day: Day): number {
  return (((numberOf(day) + 3) % 7) + 7) % 7;
}

/** `2026-12-24` */
export function isoOf({ year, month, day }: Day): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

function numberOf({ year, month, day }: Day): number {
  // Date.UTC takes years below 100 for those of the 20th century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return Math.round(date.getTime() / millisecondsOfDay);
}

function fromNumber(days: number): Day {
  const date = new Date(days * millisecondsOfDay);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** A day, and a time such as `07:05`. */
export interface LocalTime {
  readonly day: Day;
  readonly time: string;
}

/** @throws UserError for a time zone that there is not. */
export function localTime({ now, timeZone }: Moment): LocalTime {
  const part = new Map(
    formatIn(timeZone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value] as const),
  );
  const number = (name: Intl.DateTimeFormatPartTypes) => Number(part.get(name));
  return {
    day: { year: number('year'), month: number('month'), day: number('day') },
    time: `${part.get('hour')}:${part.get('minute')}`,
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(timeZone: string | null): Intl.DateTimeFormat {
  const name = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = formats.get(name);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat('en-GB', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(name, made);
    return made;
  } catch (thrown) {
    throw new UserError(
      'time-zone-unknown',
      `the time zone ${quoted(name)} is unknown; give an IANA name such as Europe/Berlin`,
      { cause: thrown },
    );
  }
}
