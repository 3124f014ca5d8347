// Finds what a message says about the person who wrote it. Pure: it neither keeps nor knows anything of earlier messages.
// The texts that it finds are data, and never part of a pattern.

import { factPatterns, favouritePatterns, noValue } from './fact-patterns.js';

export interface FoundFact {
  /** What is now known. The key is the name in templates; a fact of which there can be several has the key `likes/tea`. */
  readonly known: { readonly key: string; readonly value: string } | null;
  /** The key of a fact that is no longer so. */
  readonly removed: string | null;
}

/** Longer messages are no introductions, and are not searched. */
const longestMessage = 500;
const mostFacts = 10;

/** What the message says, in its order; later facts of one key win. */
export function factsIn(message: string): FoundFact[] {
  if (message.length > longestMessage) return [];
  const found: FoundFact[] = [];
  for (const clause of clausesOf(message)) {
    const fact = factIn(clause);
    if (fact && found.length < mostFacts) found.push(fact);
  }
  return found;
}

/** Whether all that the message says is what `factsIn` finds, greetings aside. */
export function saysOnlyFacts(message: string): boolean {
  const clauses = clausesOf(message);
  return (
    message.length <= longestMessage &&
    clauses.some((clause) => factIn(clause) !== null) &&
    clauses.every((clause) => factIn(clause) !== null || greeting.test(clause))
  );
}

const greeting =
  /^(?:hi|hello|hey|good (?:morning|evening|afternoon)|你好|您好|嗨|早上好|晚上好)[\p{P}\s]*$/iu;

/** The clauses of a message, with the question marks at their ends. */
function clausesOf(message: string): string[] {
  const text = message.normalize('NFC').replace(/\s+/gu, ' ').trim();
  return (text.match(/[^.,;!?。，；！？]*(?:\.(?=\p{L})[^.,;!?。，；！？]*)*[.,;!?。，；！？]?/gu) ?? [])
    .flatMap((clause) => clause.split(/(?= (?:and|but) (?:i|my|call)\b)/iu))
    .map((clause) => clause.replace(/(?<![.,;!。，；！])[.,;!。，；！]+$/u, '').trim())
    .filter((clause) => clause !== '');
}

function factIn(clause: string): FoundFact | null {
  // Who asks says nothing.
  if (/[?？]$/u.test(clause)) return null;
  for (const pattern of favouritePatterns) {
    const [, what, which] = pattern.exec(clause) ?? [];
    const value = which === undefined ? null : cleaned(which);
    if (what !== undefined && value !== null)
      return { known: { key: `favourite_${keyPart(what)}`, value }, removed: null };
  }
  for (const { key, several, not, takesBack, pattern } of factPatterns) {
    const [, written] = pattern.exec(clause) ?? [];
    const value = written === undefined ? null : cleaned(written);
    if (value === null || !isValid(key, value)) continue;
    const whole = several ? `${key}/${keyPart(value)}` : key;
    if (takesBack) return { known: null, removed: whole };
    return { known: { key: whole, value }, removed: not === undefined ? null : `${not}/${keyPart(value)}` };
  }
  return null;
}

/** @returns null when it is none. */
function cleaned(written: string): string | null {
  const value = written
    .replace(/ (?:and|but|because|so|too|very much|a lot|any ?more|now|please|as well)(?![\p{L}]).*$/iu, '')
    .replace(/(?<![\s\p{P}])[\s\p{P}]+$/u, '')
    .trim();
  return value === '' || noValue.test(value) ? null : value;
}

function isValid(key: string, value: string): boolean {
  if (key !== 'time_zone') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

function keyPart(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_|_$/gu, '');
}
