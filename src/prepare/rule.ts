// The contract of cleaning rules. A rule is one file in rules/ and one line in rules.ts; docs/prepare.md is generated from
// that table. There are two kinds: a dialogue rule judges each dialogue alone, a corpus rule first sees all dialogues.

import type { Dialogue, Turn } from '../corpus/dialogue.js';
import type { RawTurn } from '../corpus/readers/record.js';
import type { OptionTable, ValuesOf } from '../option-spec.js';

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

/** Pure: no clock, no files, nothing of other dialogues. */
export interface DialogueRule<Table extends OptionTable = OptionTable> extends Described<Table> {
  /** Loads what the rule needs, once in each thread. */
  start(options: ValuesOf<Table>): Judge | Promise<Judge>;
}

/** Sees every dialogue in order before it judges the first. */
export interface Survey {
  see(dialogue: Dialogue): void;
  judge(dialogue: Dialogue): Verdict;
}

export interface CorpusRule<Table extends OptionTable = OptionTable> extends Described<Table> {
  start(options: ValuesOf<Table>): Survey | Promise<Survey>;
}

export type Rule = DialogueRule | CorpusRule;

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
