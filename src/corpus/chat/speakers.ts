// Names of speakers: which written names mean the same person, and who speaks how much.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { oneLine, quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import type { Turn } from '../dialogue.js';

/** A hostile corpus can have any number of names. */
const mostSpeakers = 100_000;
/** Names are compared letter by letter with at most this many others. */
const mostCompared = 1000;
const mostNamed = 8;
const longestName = 60;

/** Equal for all ways to write a name: letter case, composed letters, blanks, invisible marks, WhatsApp's `~`. */
export function speakerKey(name: string): string {
  return name
    .normalize('NFC')
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/\s+/gu, ' ')
    .replace(/^ ?~ ?/, '')
    .trim()
    .toLowerCase();
}

interface Named {
  readonly speaker?: string | undefined;
  readonly speakerId?: string | undefined;
}

/** `Bob=Robert`: Bob is another name of Robert. */
export class Aliases {
  /** By key. The value counts how often the alias was used. */
  private readonly names = new Map<
    string,
    { readonly name: string; used: number; readonly written: string }
  >();

  /** @throws UserError (usage) unless each is two names with `=` between them. */
  constructor(written: readonly string[]) {
    for (const alias of written) {
      const at = alias.indexOf('=');
      const [from, name] = [speakerKey(alias.slice(0, at)), alias.slice(at + 1).trim()];
      if (at < 0 || from === '' || name === '')
        throw new UserError(
          'option-invalid',
          `${option('alias')} is ${quoted(alias)}, but must be a name, =, and the name that it stands for, such as "Bob=Robert"`,
        );
      if (from !== speakerKey(name)) this.names.set(from, { name, used: 0, written: alias });
    }
  }

  get isEmpty(): boolean {
    return this.names.size === 0;
  }

  /** The name that a speaker is known by, or undefined if there is no alias for the speaker. */
  of({ speaker, speakerId }: Named): string | undefined {
    let found = this.lookUp(speaker) ?? this.lookUp(speakerId);
    const name = found && this.resolved(found.name);
    for (let step = 0; found && step < this.names.size; step++) {
      found.used++;
      found = this.lookUp(found.name);
    }
    return name;
  }

  /** The name that a name stands for, also through other aliases: itself unless there is an alias. */
  resolved(name: string): string {
    let now = name;
    for (let step = 0; step < this.names.size; step++) now = this.lookUp(now)?.name ?? now;
    return now;
  }

  /** The first alias that no speaker had. */
  get unused(): string | undefined {
    return [...this.names.values()].find(({ used }) => used === 0)?.written;
  }

  /** How often each alias was used, in the order in which they were given. */
  uses(): number[] {
    return [...this.names.values()].map(({ used }) => used);
  }

  /** Adds uses by other conversations, as `uses` gave them. */
  addUses(uses: readonly number[]): void {
    for (const [index, alias] of [...this.names.values()].entries()) alias.used += uses[index] ?? 0;
  }

  private lookUp(name: string | undefined) {
    return name === undefined ? undefined : this.names.get(speakerKey(name));
  }
}

export interface SpeakerCount {
  readonly name: string;
  readonly id?: string;
  readonly turns: number;
}

/** Who speaks, and how many turns. */
export class SpeakerCounts {
  private readonly counts = new Map<string, { name: string; id?: string; turns: number }>();

  /** A turn without a name counts for its role. System turns and tools are nobody's. */
  add(turn: Pick<Turn, 'role' | 'speaker' | 'speakerId'>, turns = 1): void {
    const name = turn.speaker ?? (turn.role === 'user' || turn.role === 'assistant' ? turn.role : undefined);
    if (name === undefined || turn.role === 'system' || turn.role === 'tool') return;
    const key = turn.speakerId === undefined ? ` ${speakerKey(name)}` : turn.speakerId;
    const known = this.counts.get(key);
    if (known) known.turns += turns;
    else if (this.counts.size < mostSpeakers)
      this.counts.set(key, { name, turns, ...(turn.speakerId !== undefined && { id: turn.speakerId }) });
  }

  addAll(counts: readonly SpeakerCount[]): void {
    for (const { name, id, turns } of counts)
      this.add({ speaker: name, ...(id !== undefined && { speakerId: id }) }, turns);
  }

  /** The most talkative first. */
  list(): SpeakerCount[] {
    return [...this.counts.values()].sort((one, other) => other.turns - one.turns);
  }
}

/** `Ann (120 turns), Ben (98 turns) and 3 more`. @param first the one to begin with. */
export function speakerWords(speakers: readonly SpeakerCount[], first?: SpeakerCount): string {
  const ordered = first ? [first, ...speakers.filter((one) => one !== first)] : speakers;
  const words = ordered
    .slice(0, mostNamed)
    .map(({ name, turns }) => `${oneLine(name, longestName)} (${turns} ${turns === 1 ? 'turn' : 'turns'})`);
  const more = speakers.length - words.length;
  if (more > 0) return `${words.join(', ')} and ${more} more`;
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** The speaker whose whole name, first name or last name is most like a name that nobody has. */
export function nearestSpeaker(to: string, speakers: readonly SpeakerCount[]): SpeakerCount | undefined {
  const compared = speakers
    .slice(0, mostCompared)
    .filter(({ name }) => name.length <= longestName)
    .map((speaker) => ({ speaker, names: namesWithin(speakerKey(speaker.name)) }));
  const key = speakerKey(to).slice(0, longestName);
  const similar = nearest(
    key,
    compared.flatMap(({ names }) => names),
  );
  return compared.find(({ names }) => similar !== undefined && names.includes(similar))?.speaker;
}

/** A name, and its words if it has several. */
function namesWithin(name: string): string[] {
  const words = name.split(' ');
  return words.length > 1 ? [name, ...words] : [name];
}
