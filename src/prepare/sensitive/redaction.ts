// Redacts dialogues: finds personal data and replaces it, and gives speakers pseudonyms. It is made once for a run. Each source
// has its own names, which must be known before its first dialogue is redacted.

import { createHmac } from 'node:crypto';
import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { chosenRecognizers, phoneRegions } from './choice.js';
import { fakeName } from './fakes.js';
import { type Found, type Further, findPersonal } from './find.js';
import { namesIn } from './name-file.js';
import { NameBook } from './names.js';
import { isPseudonym, pseudonymKey, pseudonymOf } from './pseudonym.js';
import { fakeOf, type Recognizer, type StartedRecognizer, startRecognizer } from './recognizer.js';
import { personName } from './recognizers/name.js';
import { canonical, placeholders, randomOf, replaced, type Searched, type Substitute } from './replace.js';

/** What reports call it, beside the names of rules. */
export const redactName = 'redact';

export interface RedactOptions {
  /** `none`, or entities separated by commas; `pii` stands for all that are recognized by default. */
  readonly redact: string;
  readonly redactWith: 'placeholder' | 'fake' | 'drop';
  /** Countries separated by commas. */
  readonly phoneRegions: string;
  /** A file with further names. */
  readonly names: string | null;
  /** A file with the key of pseudonyms and fakes. Without one, they derive from the seed. */
  readonly redactKey: string | null;
  readonly seed: number;
}

export interface Redacted {
  readonly dialogue: Dialogue;
  /** How many values were found, by entity. */
  readonly counts: ReadonlyMap<string, number>;
  /** Redacts what became of the dialogue, because changes can join what stood apart. It leaves its own fakes alone. */
  readonly again: (dialogue: Dialogue) => Dialogue;
}

/** Settings that name people. */
interface Named {
  readonly learn: readonly string[];
  readonly alias: readonly string[];
}

interface Chosen {
  readonly recognizers: readonly Recognizer[];
  readonly started: readonly StartedRecognizer[];
  readonly names: readonly string[];
  readonly key: string;
  readonly how: RedactOptions['redactWith'];
}

export class Redaction {
  private readonly byEntity: ReadonlyMap<string, Recognizer>;

  private constructor(private readonly chosen: Chosen) {
    this.byEntity = new Map(chosen.recognizers.map((recognizer) => [recognizer.entity, recognizer]));
  }

  /** @returns undefined if nothing is to be redacted. @throws UserError (usage) for options that name what is not there. */
  static async start(options: RedactOptions): Promise<Redaction | undefined> {
    const recognizers = chosenRecognizers(options.redact);
    const { names, redactKey, redactWith: how } = options;
    if (names !== null && !recognizers.includes(personName))
      throw new UserError(
        'options-conflict',
        `${option('names')} has no effect unless names are redacted; add ${option('redact', 'pii')} or ${option('redact', 'name')}`,
      );
    if (redactKey !== null && recognizers.length === 0)
      throw new UserError(
        'options-conflict',
        `${option('redactKey')} has no effect while nothing is redacted; add ${option('redact', 'pii')}`,
      );
    if (recognizers.length === 0) return undefined;
    const regions = { phoneRegions: await phoneRegions(options.phoneRegions) };
    return new Redaction({
      recognizers,
      started: await Promise.all(recognizers.map((one) => startRecognizer(one, regions))),
      names: names === null ? [] : namesIn(names),
      key: pseudonymKey(options),
      how,
    });
  }

  /** Settings without the names that are in them. */
  settings({ learn, alias }: Named): Partial<Named> {
    if (!this.needsNames) return {};
    const named = (text: string) => this.pseudonym(text);
    return {
      learn: learn.map(named),
      alias: alias.map((pair) => pair.split('=').map(named).join('=')),
    };
  }

  /** Whether the names of a source must be known before it is redacted. */
  get needsNames(): boolean {
    return this.chosen.recognizers.includes(personName);
  }

  /** Whether a dialogue with personal data is dropped. Its text is redacted nevertheless. */
  get drops(): boolean {
    return this.chosen.how === 'drop';
  }

  /** A book with the names that people gave. */
  newNames(): NameBook {
    const book = new NameBook();
    for (const name of this.chosen.names) book.add(name);
    return book;
  }

  /** What is found in the text of each turn, then in each line of the persona. @param names of the source. */
  found(dialogue: Dialogue, names: NameBook): readonly (readonly Found[])[] {
    return this.search(textsOf(dialogue), names).map(({ found }) => found);
  }

  /** @param names of the source. */
  redacted(dialogue: Dialogue, names: NameBook): Redacted {
    const fakes = new Set<string>();
    const first = this.withoutPersonal(dialogue, names, fakes);
    return {
      counts: first.counts,
      dialogue: this.withPseudonyms(first.dialogue),
      again: (changed) => this.withoutPersonal(changed, names, fakes).dialogue,
    };
  }

  /** The same for the same name in all corpora with this key, and different from those of other names. */
  pseudonym(name: string): string {
    return pseudonymOf(this.chosen.key, name);
  }

  /** Another id for a dialogue. What follows the hash in an id, as of a part, stays. */
  hashedId(id: string): string {
    const [hash = ''] = /^[0-9a-f]{16}(?![0-9a-f])/.exec(id) ?? [];
    if (hash === '') return id;
    const other = createHmac('sha256', this.chosen.key).update(`dialogue\n${hash}`).digest('hex');
    return other.slice(0, 16) + id.slice(16);
  }

  /** Gives pseudonyms to all speakers who have none yet, if names are redacted. */
  withPseudonyms(dialogue: Dialogue): Dialogue {
    if (!this.needsNames) return dialogue;
    const named = (name: string) => (isPseudonym(name) ? name : this.pseudonym(name));
    const pseudonymous = (turn: Turn): Turn => ({
      ...turn,
      ...(turn.speaker !== undefined && { speaker: named(turn.speaker) }),
      ...(turn.speakerId !== undefined && { speakerId: named(turn.speakerId) }),
    });
    return { ...dialogue, turns: dialogue.turns.map(pseudonymous) };
  }

  /** @param fakes those in the dialogue already; new ones are added. */
  private withoutPersonal(dialogue: Dialogue, names: NameBook, fakes: Set<string>): Omit<Redacted, 'again'> {
    const searched = this.search(textsOf(dialogue), names).map(({ text, found }) => ({
      text,
      found: found.filter(({ value }) => !fakes.has(canonical(value))),
    }));
    const counts = countsOf(searched);
    if (counts.size === 0) return { dialogue, counts };
    const substitute =
      this.chosen.how === 'fake'
        ? this.fakes(names, fakes)
        : placeholders(searched, (found) => identityOf(found, names));
    return { counts, dialogue: withTexts(dialogue, searched, substitute) };
  }

  /** Names that a dialogue announces are then found in all of it. */
  private search(texts: readonly string[], names: NameBook): Searched[] {
    const { started } = this.chosen;
    const ofSource: Further = this.needsNames ? (text) => namesFound(names, text) : () => [];
    const first = texts.map((text) => ({ text, found: findPersonal(text, started, ofSource) }));
    const announced = new NameBook();
    for (const { found } of first)
      for (const { entity, value } of found)
        if (entity === personName.entity && !names.identify(value)) announced.add(value);
    if (announced.isEmpty) return first;
    const ofDialogue: Further = (text) => [...ofSource(text), ...namesFound(announced, text)];
    return texts.map((text) => ({ text, found: findPersonal(text, started, ofDialogue) }));
  }

  private fakes(names: NameBook, issued: Set<string>): Substitute {
    return (found) => {
      const fake = this.fakeOf(found, names);
      issued.add(canonical(fake));
      return fake;
    };
  }

  private fakeOf(found: Found, names: NameBook): string {
    const { entity, value } = found;
    const recognizer = this.byEntity.get(entity);
    if (!recognizer) return value;
    const identity = entity === personName.entity ? names.identify(value) : undefined;
    const random = randomOf(this.chosen.key, entity, identity?.person ?? canonical(value));
    if (identity?.part === undefined) return fakeOf(recognizer, value, random);
    const isChinese = /\p{Script=Han}/u.test(identity.person);
    return fakeName(random, isChinese)[identity.part === 0 ? 0 : 1];
  }
}

function textsOf({ turns, persona = [] }: Dialogue): readonly string[] {
  return [...turns.map(({ text }) => text), ...persona];
}

function* namesFound(names: NameBook, text: string): ReturnType<Further> & Generator {
  for (const span of names.find(text)) yield { entity: personName.entity, span };
}

/** Alice and Alice Smith are one person. */
function identityOf({ entity, value }: Found, names: NameBook): string {
  const person = entity === personName.entity ? names.identify(value)?.person : undefined;
  return person ?? canonical(value);
}

/** @param searched the texts of the turns, then those of the persona. */
function withTexts(dialogue: Dialogue, searched: readonly Searched[], substitute: Substitute): Dialogue {
  const texts = searched.map((one) => (one.found.length > 0 ? replaced(one, substitute) : one.text));
  const { turns, persona } = dialogue;
  return {
    ...dialogue,
    turns: turns.map((turn, index) => ({ ...turn, text: texts[index] ?? turn.text })),
    ...(persona && { persona: texts.slice(turns.length) }),
  };
}

function countsOf(texts: readonly { readonly found: readonly Found[] }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { found } of texts)
    for (const { entity } of found) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  return counts;
}
