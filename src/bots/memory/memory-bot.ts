// Long-term memory: keeps what users say about themselves, and answers when they ask for it. Nothing is kept about a user
// without a name, and nobody is ever told another user's facts.

import type { Answer, Bot, Question } from '../bot.js';
import { languageOf } from '../language.js';
import { normalize } from '../normalize.js';
import type { Fact, Store } from '../store/store.js';
import { factsIn, saysOnlyFacts } from './facts.js';
import { acknowledgements, type RecallPattern, recallPatterns } from './recall.js';

const dayMilliseconds = 86_400_000;
const longestQuestion = 200;

export interface MemoryOptions {
  /** Days after which a fact is forgotten; null: never. */
  readonly keepDays: number | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class MemoryBot implements Bot {
  readonly name = 'memory';

  constructor(
    private readonly store: Store,
    private readonly options: MemoryOptions,
  ) {}

  /** Keeps the facts in the last turn. Whatever bot answers it, this comes first. */
  async listen({ user, turns }: Question): Promise<void> {
    const message = turns.at(-1) ?? '';
    if (user === null) return;
    const time = this.options.now();
    const { keepDays } = this.options;
    const expires = keepDays === null ? null : time + keepDays * dayMilliseconds;
    for (const { known, removed } of factsIn(message)) {
      if (removed !== null) await this.store.forget(user, removed);
      if (known) await this.store.remember(user, { ...known, said: message, time, expires });
    }
  }

  async answer(question: Question, show: (piece: string) => void): Promise<Answer> {
    const began = performance.now();
    const { user, turns } = question;
    const message = turns.at(-1) ?? '';
    const rest = () => ({ near: [], visits: [], milliseconds: performance.now() - began });
    if (user === null) return { kind: 'passed', why: 'the user has no name', ...rest() };
    const said = (await this.recalled(user, message)) ?? acknowledged(message);
    if (said === null) return { kind: 'passed', why: 'it is not about the user', ...rest() };
    show(said.text);
    return { kind: 'said', ...said, score: 1, replyId: null, generated: null, ...rest() };
  }

  async close(): Promise<void> {}

  private async recalled(user: string, message: string): Promise<Told | null> {
    if (message.length > longestQuestion) return null;
    const asked = askedFor(message);
    if (asked === null) return null;
    const { pattern, key } = asked;
    const facts = await this.store.facts(user, this.options.now());
    const values = facts
      .filter((fact) => key === null || fact.key === key || fact.key.startsWith(`${key}/`))
      .map((fact) => (key === null ? `${labelOf(fact)}: ${fact.value}` : fact.value));
    const source = `memory: ${key ?? 'all'}`;
    if (values.length === 0) return { text: pattern.unknown, source, why: 'no such fact is known' };
    const value = values.join(pattern.language === 'zh' ? '、' : ', ');
    // A function, because `$` has a meaning in a replacement.
    return { text: pattern.known.replace('{value}', () => value), source, why: 'the user asks for a fact' };
  }
}

interface Told {
  readonly text: string;
  readonly source: string;
  readonly why: string;
}

/** Which fact a message asks for. */
function askedFor(message: string): { pattern: RecallPattern; key: string | null } | null {
  const normalized = normalize(message);
  for (const pattern of recallPatterns) {
    const [found, thing] = pattern.pattern.exec(normalized) ?? [];
    if (found === undefined) continue;
    return {
      pattern,
      key: thing === undefined ? pattern.key : `favourite_${thing.trim().replace(/[ -]+/gu, '_')}`,
    };
  }
  return null;
}

function acknowledged(message: string): Told | null {
  if (!saysOnlyFacts(message)) return null;
  const name = factsIn(message).find(({ known }) => known?.key === 'name')?.known?.value;
  const texts = acknowledgements[languageOf(message)];
  const text = name === undefined ? texts.other : texts.name.replace('{value}', () => name);
  return { text, source: 'memory: learned', why: 'the user says something about themselves' };
}

/** `favourite_colour` -> `favourite colour`, `likes/tea` -> `likes`. */
function labelOf({ key }: Fact): string {
  return (key.split('/', 1)[0] ?? key).replaceAll('_', ' ');
}
