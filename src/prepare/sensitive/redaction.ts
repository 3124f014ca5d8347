// Redacts dialogues. It is made once for a run; each source has its own names (source-names.ts), which it is told.

import type { Dialogue } from '../../corpus/dialogue.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { type Found, findPersonal } from './find.js';
import { fakeOf, type Recognizer, type StartedRecognizer, startRecognizer } from './recognizer.js';
import { recognizers } from './recognizers.js';
import { canonical, placeholders, randomOf, replaced, type Searched, type Substitute } from './replace.js';

/** What reports call it, beside the names of rules. */
export const redactName = 'redact';

export interface RedactOptions {
  /** `none`, or entities separated by commas; `pii` stands for all that are recognized by default. */
  readonly redact: string;
  readonly redactWith: 'placeholder' | 'fake' | 'drop';
  /** Countries separated by commas. */
  readonly phoneRegions: string;
  readonly seed: number;
}

export interface Redacted {
  readonly dialogue: Dialogue;
  /** How many values were found, by entity. */
  readonly counts: ReadonlyMap<string, number>;
  /** Redacts what became of the dialogue, because changes can join what stood apart. It leaves its own fakes alone. */
  readonly again: (dialogue: Dialogue) => Dialogue;
}

export class Redaction {
  private readonly byEntity: ReadonlyMap<string, Recognizer>;

  private constructor(
    private readonly chosen: readonly Recognizer[],
    private readonly started: readonly StartedRecognizer[],
    private readonly key: string,
    private readonly isFaked: boolean,
    /** Whether a dialogue with personal data is dropped. Its text is redacted nevertheless. */
    readonly drops: boolean,
  ) {
    this.byEntity = new Map(chosen.map((recognizer) => [recognizer.entity, recognizer]));
  }

  /** @returns undefined if nothing is to be redacted. @throws UserError (usage) for an unknown entity or region. */
  static async start({
    redact,
    redactWith,
    phoneRegions,
    seed,
  }: RedactOptions): Promise<Redaction | undefined> {
    const chosen = chosenRecognizers(redact);
    if (chosen.length === 0) return undefined;
    const options = { phoneRegions: await regionsIn(phoneRegions) };
    const started = await Promise.all(chosen.map((one) => startRecognizer(one, options)));
    return new Redaction(chosen, started, String(seed), redactWith === 'fake', redactWith === 'drop');
  }

  /** The entities that are replaced. */
  get entities(): readonly string[] {
    return this.chosen.map(({ entity }) => entity);
  }

  redacted(dialogue: Dialogue): Redacted {
    const fakes = new Set<string>();
    const first = this.withoutPersonal(dialogue, fakes);
    return { ...first, again: (changed) => this.withoutPersonal(changed, fakes).dialogue };
  }

  /** @param fakes those in the dialogue already; new ones are added. */
  private withoutPersonal(dialogue: Dialogue, fakes: Set<string>): Omit<Redacted, 'again'> {
    const searched = (text: string): Searched => ({
      text,
      found: findPersonal(text, this.started).filter(({ value }) => !fakes.has(canonical(value))),
    });
    const turns = dialogue.turns.map(({ text }) => searched(text));
    const persona = dialogue.persona?.map(searched);
    const all = [...turns, ...(persona ?? [])];
    const counts = countsOf(all);
    if (counts.size === 0) return { dialogue, counts };
    const substitute = this.isFaked ? this.fakes(fakes) : placeholders(all);
    return { counts, dialogue: withTexts(dialogue, turns, persona, substitute) };
  }

  private fakes(issued: Set<string>): Substitute {
    return ({ entity, value }) => {
      const random = randomOf(this.key, entity, canonical(value));
      const recognizer = this.byEntity.get(entity);
      const fake = recognizer ? fakeOf(recognizer, value, random) : value;
      issued.add(canonical(fake));
      return fake;
    };
  }
}

function withTexts(
  dialogue: Dialogue,
  turns: readonly Searched[],
  persona: readonly Searched[] | undefined,
  substitute: Substitute,
): Dialogue {
  const textOf = (searched: Searched) => replaced(searched, substitute);
  return {
    ...dialogue,
    turns: dialogue.turns.map((turn, index) => {
      const searched = turns[index];
      return searched && searched.found.length > 0 ? { ...turn, text: textOf(searched) } : turn;
    }),
    ...(persona && { persona: persona.map(textOf) }),
  };
}

function countsOf(texts: readonly { readonly found: readonly Found[] }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { found } of texts)
    for (const { entity } of found) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  return counts;
}

function chosenRecognizers(redact: string): readonly Recognizer[] {
  const words = listed(redact);
  if (words.length === 1 && words[0] === 'none') return [];
  const names = recognizers.map(({ entity }) => entity);
  for (const word of words) {
    if (word === 'pii' || names.includes(word)) continue;
    const near = nearest(word, ['none', 'pii', ...names]);
    const hint =
      near === undefined ? `use none, pii, or some of ${names.join(', ')}` : `did you mean ${near}?`;
    throw new UserError(
      'option-invalid',
      `${option('redact')}: ${quoted(word)} is no kind of personal data; ${hint}`,
    );
  }
  return recognizers.filter(
    ({ entity, byDefault }) => words.includes(entity) || (byDefault && words.includes('pii')),
  );
}

async function regionsIn(text: string): Promise<readonly string[]> {
  const { isSupportedCountry } = await import('libphonenumber-js/max');
  const regions = listed(text).map((word) => word.toUpperCase());
  const unknown = regions.find((region) => !isSupportedCountry(region));
  if (unknown !== undefined)
    throw new UserError(
      'option-invalid',
      `${option('phoneRegions')}: ${quoted(unknown)} is no country; use ISO codes of two letters, such as US,GB,CN`,
    );
  return regions;
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
