// Counts what a prepared corpus holds, for its data card, while its lines are written. It keeps no text and no name.

import { speakerKey } from '../../corpus/chat/speakers.js';
import { Languages } from '../../corpus/inspect/language.js';
import { learntTurns } from '../../corpus/learnt-turns.js';
import { parsePrepared } from '../../corpus/prepared/prepared-dialogue.js';

/** What the training part and the evaluation part hold together. */
export interface CorpusContents {
  readonly turns: number;
  /** Those that training learns by default. */
  readonly learnedTurns: number;
  readonly characters: number;
  /** People who are named, at most 100,000. */
  readonly speakers: number;
  readonly augmentedDialogues: number;
  /** Days in UTC. */
  readonly from: string | null;
  readonly to: string | null;
  /** Shares of dialogues by language (ISO 639-1 or `unknown`), largest first. Of large corpora, some dialogues are judged. */
  readonly languages: Readonly<Record<string, number>>;
}

const mostSpeakers = 100_000;
/** More dialogues change no share that matters. */
const mostJudged = 1000;
/** The detector takes a second to load, and of fewer dialogues shares say little. Scripts are told apart without it. */
const fewestDetected = 100;

export class ContentsCounts {
  private readonly speakers = new Set<string>();
  private readonly languages = new Map<string, number>();
  private readonly step: number;
  private dialogues = 0;
  private turns = 0;
  private learned = 0;
  private characters = 0;
  private augmented = 0;
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;

  private constructor(
    dialogues: number,
    private readonly judge: Languages,
  ) {
    this.step = Math.max(1, Math.ceil(dialogues / mostJudged));
  }

  /** @param dialogues how many will be seen. */
  static async start(dialogues: number): Promise<ContentsCounts> {
    const languages = dialogues < fewestDetected ? Languages.ofScripts() : await Languages.load();
    return new ContentsCounts(dialogues, languages);
  }

  /** Passes lines on and counts what they hold. */
  *counted(lines: Iterable<string>): Generator<string> {
    for (const line of lines) {
      this.see(line);
      yield line;
    }
  }

  result(): CorpusContents {
    const judged = [...this.languages.values()].reduce((sum, count) => sum + count, 0);
    const shares = [...this.languages]
      .sort(([one, count], [other, more]) => more - count || (one < other ? -1 : 1))
      .map(([language, count]) => [language, Math.round((1000 * count) / judged) / 1000] as const);
    const dayOf = (time: number) =>
      Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : null;
    return {
      turns: this.turns,
      learnedTurns: this.learned,
      characters: this.characters,
      speakers: this.speakers.size,
      augmentedDialogues: this.augmented,
      from: dayOf(this.first),
      to: dayOf(this.last),
      languages: Object.fromEntries(shares),
    };
  }

  private see(line: string): void {
    const { dialogue, augmented } = parsePrepared(line, 'a dialogue');
    if (augmented) this.augmented++;
    this.learned += learntTurns(dialogue, 'auto').filter(({ learned }) => learned).length;
    this.turns += dialogue.turns.length;
    for (const { text, speaker, speakerId, time } of dialogue.turns) {
      this.characters += text.length;
      const person = speakerId ?? (speaker === undefined ? undefined : ` ${speakerKey(speaker)}`);
      if (person !== undefined && this.speakers.size < mostSpeakers) this.speakers.add(person);
      if (time !== undefined) {
        this.first = Math.min(this.first, time);
        this.last = Math.max(this.last, time);
      }
    }
    if (this.dialogues++ % this.step !== 0) return;
    const language = this.judge.of(dialogue);
    this.languages.set(language, (this.languages.get(language) ?? 0) + 1);
  }
}
