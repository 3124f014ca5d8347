// Back-translation of turns: each line is masked, translated there and back, and unmasked. Line breaks never reach a translator.
// Whether a variant is good enough is decided by acceptable.ts.

import { Languages } from '../../../corpus/inspect/language.js';
import type { Asked, Place, Variation } from '../augmenter.js';
import { type Masked, masked } from './masks.js';
import { TranslationCache } from './translation-cache.js';
import { type Translators, translatorFailed } from './translator.js';

/** All characters that a program may take for the end of a line. */
const lineBreaks = /(\r\n|(?!\t)[\p{Cc}\p{Zl}\p{Zp}])/u;

/** A translator that gives so many texts back as they were, and no other, does not translate. */
const mostUnchanged = 50;

/** A line, or a line break between two. */
type Piece =
  | { readonly kind: 'kept'; readonly text: string }
  | { readonly kind: 'line'; readonly index: number; readonly before: string; readonly after: string };

export class TurnTranslation implements Variation {
  readonly kind = 'variation';
  private readonly cache: TranslationCache;
  private readonly fromEarlier: number;
  private languages: Languages | undefined;
  private lost = 0;
  private useless = 0;
  private otherLanguage = 0;
  private unchanged = 0;
  private hasChanged = false;

  /** @param language of the corpus, as it was named. */
  constructor(
    private readonly translators: Translators,
    private readonly language: string,
    private readonly place: Place,
  ) {
    this.cache = new TranslationCache(place.out);
    this.fromEarlier = this.cache.size;
  }

  async vary(turns: readonly Asked[]): Promise<readonly (string | null)[]> {
    this.languages ??= await Languages.load();
    const lines: Masked[] = [];
    const pieces = turns.map((turn) => this.piecesOf(turn, lines));
    const back = await this.thereAndBack(lines);
    return pieces.map((parts) => joined(parts, back));
  }

  async end(): Promise<readonly string[]> {
    this.cache.close();
    await this.translators.there.close();
    if (this.translators.back !== this.translators.there) await this.translators.back.close();
    const told = (count: number, one: string, several: string) =>
      count === 0 ? [] : [`back-translation: ${count === 1 ? `1 ${one}` : `${count} ${several}`}`];
    const unvaried = (count: number, why: string) =>
      told(count, `text has no variant, because ${why}`, `texts have no variant, because ${why}`);
    return [
      ...told(
        this.fromEarlier,
        'translation was kept from an earlier run that was interrupted',
        'translations were kept from an earlier run that was interrupted',
      ),
      ...unvaried(this.useless, 'the translator gave no usable answer'),
      ...unvaried(this.lost, 'a placeholder, a name or an address got lost'),
      ...told(
        this.otherLanguage,
        `text was not translated, because it is not in ${this.language}`,
        `texts were not translated, because they are not in ${this.language}`,
      ),
    ];
  }

  written(): void {
    this.cache.remove();
  }

  /** Adds the lines of a turn that are to be translated. */
  private piecesOf({ text, names }: Asked, lines: Masked[]): readonly Piece[] | null {
    if (this.isOtherLanguage(text)) {
      this.otherLanguage++;
      return null;
    }
    return text.split(lineBreaks).map((part): Piece => {
      const line = part.trim();
      const hidden = masked(line, names);
      if (!hidden.hasWords) return { kind: 'kept', text: part };
      const start = part.indexOf(line);
      lines.push(hidden);
      return {
        kind: 'line',
        index: lines.length - 1,
        before: part.slice(0, start),
        after: part.slice(start + line.length),
      };
    });
  }

  /** Only scripts are compared: a few words do not tell Spanish from English. */
  private isOtherLanguage(text: string): boolean {
    const spoken = this.languages?.ofText(text) ?? 'unknown';
    const wanted = codes[this.language.split('_')[0]?.toLowerCase() ?? ''] ?? 'latin';
    const script = byScript.has(spoken) ? spoken : 'latin';
    return spoken !== 'unknown' && script !== wanted && (byScript.has(wanted) || byScript.has(script));
  }

  /** @returns the variant of each line, or null. */
  private async thereAndBack(lines: readonly Masked[]): Promise<(string | null)[]> {
    const { there, back } = this.translators;
    const { signal } = this.place;
    const texts = lines.map(({ text }) => text);
    const between = await this.cache.translate(there, texts, signal);
    this.refuseEcho(texts, between);
    // A line that has lost a mask on the way is not worth the way back.
    const sent = [...lines.keys()].filter((index) => this.restored(lines[index], between[index]) !== null);
    const returned = await this.cache.translate(
      back,
      sent.map((index) => between[index] ?? ''),
      signal,
    );
    const variants: (string | null)[] = lines.map(() => null);
    for (const [position, index] of sent.entries())
      variants[index] = this.restored(lines[index], returned[position]);
    return variants;
  }

  private restored(line: Masked | undefined, translated: string | null | undefined): string | null {
    if (line === undefined || translated === undefined || translated === null) {
      this.useless++;
      return null;
    }
    const text = line.restore(translated);
    if (text === null) this.lost++;
    return text;
  }

  private refuseEcho(texts: readonly string[], between: readonly (string | null)[]): void {
    for (const [index, text] of texts.entries()) {
      if (between[index] === text) this.unchanged++;
      else if (between[index] !== null) this.hasChanged = true;
    }
    if (!this.hasChanged && this.unchanged >= mostUnchanged)
      throw translatorFailed(
        `${this.translators.there.name} gives back the first ${this.unchanged} texts as they were; check that it translates from ${this.language}`,
      );
  }
}

/** Languages that their script shows, as in Languages, and other codes for them. */
const codes: Readonly<Record<string, string>> = {
  ...{ zh: 'zh', zho: 'zh', chi: 'zh', cmn: 'zh', yue: 'zh' },
  ...{ ja: 'ja', jpn: 'ja', ko: 'ko', kor: 'ko' },
};
const byScript: ReadonlySet<string> = new Set(Object.values(codes));

/** @returns null if a line has no variant. */
function joined(pieces: readonly Piece[] | null, lines: readonly (string | null)[]): string | null {
  if (pieces === null || pieces.every(({ kind }) => kind === 'kept')) return null;
  let text = '';
  for (const piece of pieces) {
    const line = piece.kind === 'line' ? lines[piece.index] : piece.text;
    if (line === null || line === undefined) return null;
    text += piece.kind === 'line' ? `${piece.before}${line}${piece.after}` : line;
  }
  return text;
}
