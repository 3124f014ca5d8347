// Recognizes one person in the lines of a prepared corpus, under all names and ids. Names are compared as pseudonyms, so that it
// makes no difference whether the corpus holds names or pseudonyms.

import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import { type Part, turnsOf } from '../customer.js';
import { isPseudonym, pseudonymOf } from '../sensitive/pseudonym.js';

/** A hostile corpus can have a name for each turn. */
const mostRemembered = 100_000;

export interface PersonOptions {
  /** What the person says in another part does not count. */
  readonly part: Part;
  /** Names or ids of the person. */
  readonly names: readonly string[];
  /** `Bob=Robert`; both sides can be pseudonyms. Who has one of the names has both. */
  readonly aliases: readonly string[];
  /** Of pseudonyms. */
  readonly key: string;
  /** Whether the corpus holds pseudonyms. */
  readonly isPseudonymous: boolean;
}

export class Person {
  private readonly names = new Set<string>();
  /** Ids that turns under one of the names have. The same person can have other names elsewhere. */
  private readonly ids = new Set<string>();
  private readonly known = new Map<string, string>();

  constructor(private readonly options: PersonOptions) {
    for (const name of options.names) this.names.add(this.pseudonym(name, true));
    const pairs = options.aliases.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)].map((name) => this.pseudonym(name, true));
    });
    for (let before = 0; before < this.names.size; ) {
      before = this.names.size;
      for (const pair of pairs)
        if (pair.some((name) => this.names.has(name))) for (const name of pair) this.names.add(name);
    }
  }

  get part(): Part {
    return this.options.part;
  }

  /** Of all names and ids, after every dialogue was met. */
  get pseudonyms(): ReadonlySet<string> {
    return new Set([...this.names, ...this.ids]);
  }

  /** How many different ids the names have. Two people can have one name. */
  get idCount(): number {
    return this.ids.size;
  }

  /** Learns the ids of the person. Call for every dialogue before `takesPartIn`. */
  meet(dialogue: Dialogue): void {
    for (const { speaker, speakerId } of turnsOf(dialogue, this.options.part))
      if (speaker !== undefined && speakerId !== undefined && this.names.has(this.pseudonym(speaker)))
        this.ids.add(this.pseudonym(speakerId));
  }

  takesPartIn(dialogue: Dialogue): boolean {
    return turnsOf(dialogue, this.options.part).some((turn) => this.isSpeaker(turn));
  }

  /** Whether a setting such as a value of `--learn` names the person. */
  isNamed(name: string): boolean {
    const pseudonym = this.pseudonym(name, true);
    return this.names.has(pseudonym) || this.ids.has(pseudonym);
  }

  private isSpeaker({ speaker, speakerId }: Turn): boolean {
    return [speaker, speakerId].some((name) => {
      if (name === undefined) return false;
      const pseudonym = this.pseudonym(name);
      return this.names.has(pseudonym) || this.ids.has(pseudonym);
    });
  }

  /** @param isGiven people name others as they know them, or copy a pseudonym from the corpus. */
  private pseudonym(name: string, isGiven = false): string {
    const { isPseudonymous, key } = this.options;
    if (isPseudonymous && (!isGiven || isPseudonym(name))) return name;
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const pseudonym = pseudonymOf(key, name);
    if (this.known.size >= mostRemembered) this.known.clear();
    this.known.set(name, pseudonym);
    return pseudonym;
  }
}
