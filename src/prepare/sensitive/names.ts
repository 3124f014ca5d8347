// The names of the people in a source, found wherever they occur in it: whole names, and their parts. It does not guess names:
// it knows who speaks. The time is linear in the text, however many names there are.

import { alsoWords, notNames } from './common-words.js';
import type { Span } from './recognizer.js';

/** Which name a phrase is of, and which part of it; undefined is the whole name. */
export interface Identity {
  readonly person: string;
  readonly part: number | undefined;
}

interface Phrase extends Identity {
  /** In small letters. */
  readonly text: string;
  /** The phrase is also a common word, so it counts only if it is written like a name. */
  readonly isWord: boolean;
}

const han = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]`;
/** Runs of characters that are written without spaces, and words of other scripts. */
const runs = new RegExp(String.raw`${han}+|(?:(?!${han})[\p{L}\p{N}\p{M}_])+`, 'gu');
const runAt = new RegExp(runs.source, 'uy');
const isHan = new RegExp(`^${han}`, 'u');
const wordCharacter = /[\p{L}\p{N}\p{M}_]/u;
const notAtEdge = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]{1,400}$/gu;

/** Names of more characters are none. */
const longestName = 80;
const fewestLetters = 3;

export class NameBook {
  /** By the first run of the phrase, or its first character for scripts without spaces. Longest first. */
  private readonly phrases = new Map<string, Phrase[]>();
  private readonly known = new Set<string>();

  get isEmpty(): boolean {
    return this.phrases.size === 0;
  }

  /** Adds a name and its parts. Roles, numbers and single characters are no names. */
  add(speaker: string): void {
    if (this.known.has(speaker) || speaker.length > longestName) return;
    this.known.add(speaker);
    const whole = speaker.normalize('NFKC').replace(notAtEdge, '').toLowerCase();
    if (!isName(whole)) return;
    this.addPhrase(whole, { person: whole, part: undefined });
    const parts = whole.match(runs) ?? [];
    if (parts.length > 1)
      for (const [part, text] of parts.entries())
        if (isName(text) && (isHan.test(text) || text.length >= fewestLetters))
          this.addPhrase(text, { person: whole, part });
    // Friends leave out the surname: Wang Xiaoming is Xiaoming.
    if (/^\p{Script=Han}{3}$/u.test(whole)) this.addPhrase(whole.slice(1), { person: whole, part: 1 });
  }

  identify(value: string): Identity | undefined {
    const text = value.toLowerCase();
    return this.phrasesAt(text, 0).find((phrase) => phrase.text === text);
  }

  *find(text: string): Generator<Span> {
    if (this.isEmpty) return;
    for (const { 0: run, index } of text.matchAll(runs)) {
      const step = isHan.test(run) ? 1 : run.length;
      for (let at = index; at < index + run.length; ) {
        const phrase = this.phraseAt(text, at);
        if (phrase) yield [at, at + phrase.text.length];
        at += phrase && step === 1 ? phrase.text.length : step;
      }
    }
  }

  private addPhrase(text: string, { person, part }: Identity): void {
    const key = keyAt(text, 0);
    const phrases = this.phrases.get(key) ?? [];
    if (phrases.some((phrase) => phrase.text === text)) return;
    phrases.push({ text, person, part, isWord: alsoWords.has(text) });
    phrases.sort((one, other) => other.text.length - one.text.length);
    this.phrases.set(key, phrases);
  }

  private phrasesAt(text: string, at: number): readonly Phrase[] {
    return this.phrases.get(keyAt(text, at).toLowerCase()) ?? [];
  }

  private phraseAt(text: string, at: number): Phrase | undefined {
    return this.phrasesAt(text, at).find((phrase) => {
      const end = at + phrase.text.length;
      if (text.slice(at, end).toLowerCase() !== phrase.text) return false;
      const goesOn = !isHan.test(phrase.text.at(-1) ?? '') && wordCharacter.test(text[end] ?? '');
      const isCut = goesOn && !isHan.test(text[end] ?? '');
      return !isCut && (!phrase.isWord || isWrittenAsName(text, at, end));
    });
  }
}

function keyAt(text: string, at: number): string {
  if (isHan.test(text[at] ?? '')) return text[at] ?? '';
  runAt.lastIndex = at;
  return runAt.exec(text)?.[0] ?? '';
}

function isName(text: string): boolean {
  if (text.length < 2 || notNames.has(text)) return false;
  return /\p{L}/u.test(text) && !(text.match(runs) ?? []).every((run) => notNames.has(run));
}

/** With a capital that no sentence begins with, or as an address: `Will, are you there?` */
function isWrittenAsName(text: string, at: number, end: number): boolean {
  if (!/\p{Lu}/u.test(text[at] ?? '')) return false;
  const before = text.slice(Math.max(0, at - 3), at).trimEnd();
  const beginsSentence = /(?:^|[.!?\n。！？"“(*-])$/u.test(before);
  return !beginsSentence || /^(?:[,!?]|['’]s\b|$)/u.test(text.slice(end, end + 3));
}
