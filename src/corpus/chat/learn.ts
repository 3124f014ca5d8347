// Decides whose turns are learned: `--learn "Ann"` teaches the model to speak as Ann. Her turns become the assistant's and all
// others the user's, which are context. Works for every format that says who speaks. A dialogue that names nobody, such as a row
// of a table, is not about speakers and stays as it is.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { oneLine, quoted } from '../../quote.js';
import { joinedTurn, sameSpeaker } from '../conversation-parts.js';
import type { Dialogue, Turn } from '../dialogue.js';
import { plural } from '../summary.js';
import {
  Aliases,
  nearestSpeaker,
  type SpeakerCount,
  SpeakerCounts,
  speakerKey,
  speakerWords,
} from './speakers.js';

export interface LearnOptions {
  /** Names or ids of speakers. */
  readonly learn: readonly string[];
  /** `Bob=Robert`, as in `Aliases`. */
  readonly alias: readonly string[];
  /** Also everybody whom the file gives this role. */
  readonly learnRole: string | null;
}

/** What was learned of one source, so that the notes and errors are those of all sources together. */
export interface LearningState {
  /** Everybody who speaks, and whose turns are learned. */
  readonly speakers: readonly SpeakerCount[];
  readonly learnt: readonly SpeakerCount[];
  /** The state holds no names: `speakers` is empty, and those in `learnt` are numbers of chosen names. */
  readonly isAnonymous: boolean;
  /** For each name that was chosen, whether it occurs; for each alias, how often it was used. */
  readonly occurs: readonly boolean[];
  readonly uses: readonly number[];
  readonly dialogues: DialogueCounts;
}

interface DialogueCounts {
  readonly learnt: number;
  /** The chosen speakers answer nothing in them. */
  readonly dropped: number;
  /** They name nobody, and stay as they are. */
  readonly nameless: number;
}

export class Learning {
  readonly aliases: Aliases;
  private readonly speakers = new SpeakerCounts();
  private readonly learnt = new SpeakerCounts();
  /** By key: whether the name occurs. */
  private readonly names = new Map<string, { readonly name: string; occurs: boolean }>();
  private readonly counts = { learnt: 0, dropped: 0, nameless: 0 };
  /** Some of the speakers are not known here. */
  private isAnonymous = false;

  /** @throws UserError (usage) for an alias that is not one. */
  constructor(private readonly options: LearnOptions) {
    this.aliases = new Aliases(options.alias);
    for (const name of options.learn)
      this.names.set(speakerKey(this.aliases.resolved(name)), { name, occurs: false });
  }

  /** Whether a person said who is to be learned. */
  get isChosen(): boolean {
    return this.names.size > 0 || this.options.learnRole !== null;
  }

  /** The dialogue with the turns that are learned, or undefined if there is nothing to learn in it. */
  marked(dialogue: Dialogue): Dialogue | undefined {
    const renamed = this.aliases.isEmpty ? dialogue : { ...dialogue, turns: this.renamed(dialogue.turns) };
    for (const turn of renamed.turns) this.speakers.add(turn);
    if (!this.isChosen) return hasReply(renamed) ? renamed : undefined;
    if (this.isNameless(renamed)) {
      if (hasReply(renamed)) this.counts.nameless++;
      return hasReply(renamed) ? renamed : undefined;
    }
    const turns = renamed.turns.map((turn) => this.markedTurn(turn));
    const end = 1 + turns.findLastIndex(({ role, supervised }) => role === 'assistant' && supervised);
    const kept = turns.slice(0, end);
    if (kept.filter(isSpoken).length < 2) {
      this.counts.dropped++;
      return undefined;
    }
    this.counts.learnt++;
    return { ...renamed, turns: kept };
  }

  state(): LearningState {
    return {
      speakers: this.speakers.list(),
      learnt: this.learnt.list(),
      isAnonymous: this.isAnonymous,
      occurs: [...this.names.values()].map(({ occurs }) => occurs),
      uses: this.aliases.uses(),
      dialogues: { ...this.counts },
    };
  }

  /** Adds what was learned of other sources under the same options. */
  add({ speakers, learnt, isAnonymous, occurs, uses, dialogues }: LearningState): void {
    this.isAnonymous ||= isAnonymous;
    this.speakers.addAll(speakers);
    const names = [...this.names.values()];
    this.learnt.addAll(
      isAnonymous
        ? learnt.map((speaker) => ({ ...speaker, name: names[Number(speaker.name)]?.name ?? '' }))
        : learnt,
    );
    for (const [index, name] of names.entries()) name.occurs ||= occurs[index] === true;
    this.aliases.addUses(uses);
    this.counts.learnt += dialogues.learnt;
    this.counts.dropped += dialogues.dropped;
    this.counts.nameless += dialogues.nameless;
  }

  /** The state without names: a speaker who was chosen is named by the number of the choice. */
  anonymousState(): LearningState {
    const state = this.state();
    const keys = [...this.names.keys()];
    const numbered = ({ name, id = '', turns }: SpeakerCount) => {
      const number = keys.findIndex((key) => key === speakerKey(name) || key === speakerKey(id));
      return number < 0 ? [] : [{ name: String(number), turns }];
    };
    return { ...state, isAnonymous: true, speakers: [], learnt: state.learnt.flatMap(numbered) };
  }

  /**
   * Call after the last dialogue. @returns what people should know.
   * @throws UserError (usage) if a name does not occur.
   */
  notes(): string[] {
    for (const { name, occurs } of this.names.values()) if (!occurs) throw this.unknown('learn', name);
    const { unused } = this.aliases;
    if (unused !== undefined) throw this.unknown('alias', unused.slice(0, unused.indexOf('=')));
    if (!this.isChosen) return [];
    const who = this.learnt.list();
    const { learnt, dropped, nameless } = this.counts;
    if (learnt === 0) throw this.nothing(who);
    const left =
      dropped === 0 ? '' : `; ${plural(dropped, 'dialogue')} in which they answer nothing left out`;
    const others =
      nameless === 0 ? '' : `; ${plural(nameless, 'dialogue')} without names of speakers learned as usual`;
    return [`learns what ${speakerWords(who)} said, in ${plural(learnt, 'dialogue')}${left}${others}`];
  }

  /** A role can be chosen like a name, and then says who speaks. */
  private isNameless({ turns }: Dialogue): boolean {
    const { learnRole } = this.options;
    return turns.every(
      ({ speaker, speakerId, role }) =>
        speaker === undefined &&
        speakerId === undefined &&
        !(role !== undefined && (role === learnRole || this.names.has(speakerKey(role)))),
    );
  }

  private markedTurn(turn: Turn): Turn {
    if (!isSpoken(turn) || turn.role === 'tool') return turn;
    if (!this.isLearnt(turn)) return { ...turn, role: 'user', supervised: false };
    this.learnt.add(turn);
    return { ...turn, role: 'assistant' };
  }

  private isLearnt({ speaker, speakerId, role }: Turn): boolean {
    const named = [speaker ?? role, speakerId].map((name) =>
      name === undefined ? undefined : this.names.get(speakerKey(name)),
    );
    for (const name of named) if (name) name.occurs = true;
    return (
      named.some((name) => name !== undefined) || (role !== undefined && role === this.options.learnRole)
    );
  }

  private renamed(turns: readonly Turn[]): Turn[] {
    const renamed: Turn[] = [];
    for (const turn of turns) {
      const name = this.aliases.of(turn);
      const { speakerId, ...anonymous } = turn;
      const now = name === undefined ? turn : { ...anonymous, speaker: name };
      const before = renamed.at(-1);
      if (before && sameSpeaker(before, now)) renamed[renamed.length - 1] = joinedTurn(before, now);
      else renamed.push(now);
    }
    return renamed;
  }

  private unknown(key: 'learn' | 'alias', name: string): UserError {
    if (this.isAnonymous)
      return new UserError(
        'speaker-unknown',
        `${option(key)} names ${quoted(name)}, but nobody has that name; chatbot-data speakers lists who speaks`,
      );
    const speakers = this.speakers.list();
    if (speakers.length === 0)
      return new UserError(
        'speaker-unknown',
        `${option(key)} names ${quoted(name)}, but the conversations do not say who speaks; leave the option out`,
      );
    const near = nearestSpeaker(name, speakers);
    return new UserError(
      'speaker-unknown',
      `${option(key)} names ${quoted(name)}, but nobody has that name${near ? ` (did you mean ${oneLine(near.name, 60)}?)` : ''}; the conversations are of ${speakerWords(speakers, near)}`,
    );
  }

  private nothing(who: readonly SpeakerCount[]): UserError {
    const [first] = who;
    if (!first)
      return new UserError(
        'nothing-to-learn',
        `no turn has the role that ${option('learnRole', this.options.learnRole ?? '')} names; name a speaker with ${option('learn')}`,
      );
    return new UserError(
      'nothing-to-learn',
      `${oneLine(first.name, 60)} answers nobody in these conversations, so there is nothing to learn; choose somebody else with ${option('learn')}, or a longer ${option('sessionGap')}`,
    );
  }
}

function hasReply({ turns }: Dialogue): boolean {
  return turns.filter(isSpoken).length >= 2;
}

function isSpoken({ role }: Turn): boolean {
  return role !== 'system';
}

/** What people should know who did not choose a speaker. */
export function learnHint(speakers: readonly SpeakerCount[]): string[] {
  const [first] = speakers;
  if (!first) return [];
  return [
    `everybody in the chats is learned: every turn but the first of a dialogue; ${option('learn', oneLine(first.name, 60))} learns to speak as one of them; they are ${speakerWords(speakers)}`,
  ];
}
