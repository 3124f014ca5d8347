// What a corpus holds, counted while it is read: speakers, lengths, languages, times. It keeps a few bytes for each dialogue.

import type { Dialogue, Role, Turn } from '../dialogue.js';
import { GrowingIntegers } from '../growing-numbers.js';
import { type LossOn, learntTurns } from '../learnt-turns.js';
import { wordsIn } from '../words.js';
import { type Lengths, lengthsOf } from './histogram.js';
import type { Language } from './language.js';

/** A dialogue is measured in tokens if there is a tokenizer, otherwise in words. */
export type Unit = 'tokens' | 'words';

export interface Measures {
  /** Tokens of a turn with its end-of-text token; null to count words. */
  readonly tokensOf: ((text: string) => number) | null;
  readonly languageOf: ((dialogue: Dialogue) => Language) | null;
  readonly lossOn: LossOn;
}

export interface SpeakerStatistics {
  /** Null if the file names nobody. */
  readonly name: string | null;
  readonly id: string | null;
  readonly role: Role | null;
  readonly turns: number;
  readonly words: number;
  /** Turns that answer another one. */
  readonly replies: number;
  /** Share of all replies of the corpus, from 0 to 1. */
  readonly shareOfReplies: number;
  /** Milliseconds since 1970; null without times. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

export interface Statistics {
  readonly dialogues: number;
  readonly turns: number;
  readonly learntTurns: number;
  readonly words: number;
  readonly characters: number;
  /** Null without a tokenizer. */
  readonly tokens: number | null;
  readonly unit: Unit;
  readonly lengths: Lengths | null;
  /** Those who speak most come first. */
  readonly speakers: readonly SpeakerStatistics[];
  /** Whether some speakers are not listed, because there are too many. */
  readonly hasMoreSpeakers: boolean;
  /** Dialogues by language, most first; null if languages were not looked at. */
  readonly languages: readonly (readonly [language: Language, dialogues: number])[] | null;
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

interface SpeakerCount {
  readonly name: string | null;
  readonly id: string | null;
  readonly role: Role | null;
  turns: number;
  words: number;
  replies: number;
  first: number;
  last: number;
}

/** A hostile corpus can have a name for each turn. */
const mostSpeakers = 100_000;

export class CorpusStatistics {
  private readonly lengths = new GrowingIntegers();
  private readonly speakers = new Map<string, SpeakerCount>();
  private readonly languages = new Map<Language, number>();
  private hasMoreSpeakers = false;
  private turns = 0;
  private learnt = 0;
  private words = 0;
  private characters = 0;
  private tokens = 0;
  private replies = 0;
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;

  constructor(private readonly measures: Measures) {}

  see(dialogue: Dialogue): void {
    const { tokensOf, languageOf, lossOn } = this.measures;
    const opening = dialogue.turns.findIndex(({ role }) => role !== 'system');
    let [words, tokens] = [0, 0];
    for (const [index, turn] of dialogue.turns.entries()) {
      const spoken = wordsIn(turn.text);
      words += spoken;
      tokens += tokensOf?.(turn.text) ?? 0;
      this.characters += turn.text.length;
      this.seeTurn(turn, spoken, index > opening && turn.role !== 'system');
    }
    this.turns += dialogue.turns.length;
    this.learnt += learntTurns(dialogue, lossOn).filter(({ learned }) => learned).length;
    this.words += words;
    this.tokens += tokens;
    this.lengths.push(tokensOf === null ? words : tokens);
    if (languageOf !== null) {
      const language = languageOf(dialogue);
      this.languages.set(language, (this.languages.get(language) ?? 0) + 1);
    }
  }

  result(): Statistics {
    const { tokensOf, languageOf } = this.measures;
    const lengths = Uint32Array.from({ length: this.lengths.length }, (_, index) => this.lengths.at(index));
    return {
      dialogues: this.lengths.length,
      turns: this.turns,
      learntTurns: this.learnt,
      words: this.words,
      characters: this.characters,
      tokens: tokensOf === null ? null : this.tokens,
      unit: tokensOf === null ? 'words' : 'tokens',
      lengths: lengthsOf(lengths),
      speakers: [...this.speakers.values()].sort(mostFirst).map((speaker) => this.described(speaker)),
      hasMoreSpeakers: this.hasMoreSpeakers,
      languages: languageOf === null ? null : [...this.languages].sort(([, one], [, other]) => other - one),
      firstTime: finite(this.first),
      lastTime: finite(this.last),
    };
  }

  private seeTurn({ speaker, speakerId, role, time }: Turn, words: number, isReply: boolean): void {
    const count = this.speakerOf(speaker ?? null, speakerId ?? null, role ?? null);
    if (isReply) this.replies++;
    if (time !== undefined) {
      this.first = Math.min(this.first, time);
      this.last = Math.max(this.last, time);
    }
    if (count === undefined) return;
    count.turns++;
    count.words += words;
    if (isReply) count.replies++;
    if (time === undefined) return;
    count.first = Math.min(count.first, time);
    count.last = Math.max(count.last, time);
  }

  /** People are told apart by id, or by name and role. */
  private speakerOf(name: string | null, id: string | null, role: Role | null): SpeakerCount | undefined {
    const key = id === null ? `${role ?? ''}\0${name ?? ''}` : `${role ?? ''}\0\0${id}`;
    const known = this.speakers.get(key);
    if (known !== undefined) return known;
    if (this.speakers.size >= mostSpeakers) {
      this.hasMoreSpeakers = true;
      return undefined;
    }
    const none = { turns: 0, words: 0, replies: 0 };
    const speaker = {
      name,
      id,
      role,
      ...none,
      first: Number.POSITIVE_INFINITY,
      last: Number.NEGATIVE_INFINITY,
    };
    this.speakers.set(key, speaker);
    return speaker;
  }

  private described({ first, last, ...speaker }: SpeakerCount): SpeakerStatistics {
    return {
      ...speaker,
      shareOfReplies: this.replies === 0 ? 0 : speaker.replies / this.replies,
      firstTime: finite(first),
      lastTime: finite(last),
    };
  }
}

function mostFirst(one: SpeakerCount, other: SpeakerCount): number {
  return other.turns - one.turns;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
