// The contract of cleaning rules. A rule is one file in rules/ and one line in rules.ts; docs/preparing.md is generated from
// that table. There are three kinds: a text repair sees single texts, before they are redacted; a dialogue rule judges each
// dialogue alone; a corpus rule first sees all dialogues.

import type { Dialogue, Turn } from '../corpus/dialogue.js';
import { learntTurns } from '../corpus/learnt-turns.js';
import type { RawTurn } from '../corpus/readers/record.js';
import type { NumberSpec, OptionTable, ValuesOf } from '../option-spec.js';

export type Verdict =
  | { readonly kind: 'keep' }
  /** A turn whose text is null or empty is left out. The dialogue is cut there, so that no reply is learned across the gap. */
  | { readonly kind: 'change'; readonly turns: readonly RawTurn[] }
  /** Dropped dialogues are counted by their reason, so it holds no text and no numbers of the dialogue. */
  | { readonly kind: 'drop'; readonly reason: string };

export type Judge = (dialogue: Dialogue) => Verdict;

/** What a rule does to the texts of a small dialogue; null if it drops the dialogue. Printed in the docs, run by the tests. */
export interface Example {
  readonly before: readonly string[];
  readonly after: readonly string[] | null;
  /** Options by key, if others than the defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
}

interface Described<Table extends OptionTable> {
  /** In reports, docs and rejected.jsonl. In camelCase it is the option that turns the rule on or off. Never renamed. */
  readonly name: string;
  /** One sentence for `--help`, which says what the rule does. */
  readonly help: string;
  /** Whether it runs unless it is turned off. */
  readonly byDefault: boolean;
  /** Options besides the switch. */
  readonly options: Table;
  readonly examples: readonly Example[];
}

/** What a text should be; the same for a text that needs no repair. */
export type Repair = (text: string) => string;

/** Brings the characters of a text to the form that they should have. It takes no words away, since nothing is redacted yet. */
export interface TextRepair<Table extends OptionTable = OptionTable> extends Described<Table> {
  /** Loads what the repair needs, once in each thread. */
  start(options: ValuesOf<Table>): Repair | Promise<Repair>;
}

/** Pure: no clock, no files, nothing of other dialogues. */
export interface DialogueRule<Table extends OptionTable = OptionTable> extends Described<Table> {
  /** Loads what the rule needs, once in each thread. */
  start(options: ValuesOf<Table>): Judge | Promise<Judge>;
}

/** Sees every dialogue in order before it judges the first. */
export interface Survey {
  see(dialogue: Dialogue): void;
  /** A second look at every dialogue, for what depends on the first. */
  seeAgain?(dialogue: Dialogue): void;
  judge(dialogue: Dialogue): Verdict;
}

/** It leaves out no turns, and keeps one piece of each text, because nothing is redacted after it. */
export interface CorpusRule<Table extends OptionTable = OptionTable> extends Described<Table> {
  /** @returns null if the options leave nothing to do. */
  start(options: ValuesOf<Table>): Survey | null | Promise<Survey | null>;
}

export type Rule = TextRepair | DialogueRule | CorpusRule;

/** An option with a number of something at least or at most, which is not limited by default. */
export const limit = {
  group: 'Cleaning',
  type: 'integer',
  value: 'n',
  default: null,
  unset: 'no limit',
  min: 1,
} as const satisfies Partial<NumberSpec>;

export const keep: Verdict = { kind: 'keep' };

/** Changes the text of each turn. A turn that becomes empty is left out. */
export function changeTexts({ turns }: Dialogue, change: (text: string, turn: Turn) => string): Verdict {
  let isChanged = false;
  const changed = turns.map((turn) => {
    const text = change(turn.text, turn);
    if (text === turn.text) return turn;
    isChanged = true;
    return { ...turn, text };
  });
  return isChanged ? { kind: 'change', turns: changed } : keep;
}

/** The indices of the turns that answer another turn and that training learns by default. */
export function learnedReplies(dialogue: Dialogue): readonly number[] {
  const first = dialogue.turns.findIndex(({ role }) => role !== 'system');
  return learntTurns(dialogue, 'auto').flatMap(({ learned }, index) =>
    learned && index > first ? [index] : [],
  );
}

/**
 * For rules that judge replies. What is unfit as a reply can still be understood as context, so the turn is not left out: it is
 * no longer learned.
 * @param reason why a dialogue without another reply is dropped.
 */
export function unlearn(
  dialogue: Dialogue,
  reason: string,
  isUnfit: (reply: Turn, index: number) => boolean,
): Verdict {
  const { turns } = dialogue;
  const replies = learnedReplies(dialogue);
  const unfit = new Set(
    replies.filter((index) => {
      const reply = turns[index];
      return reply !== undefined && isUnfit(reply, index);
    }),
  );
  if (unfit.size === 0) return keep;
  if (unfit.size === replies.length) return { kind: 'drop', reason };
  return {
    kind: 'change',
    turns: turns.map((turn, index) => (unfit.has(index) ? { ...turn, supervised: false } : turn)),
  };
}
