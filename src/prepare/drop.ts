// Leaves dialogues out of a store and notes each with its reason.

import { type PreparedDialogue, preparedLine } from '../corpus/prepared/prepared-dialogue.js';
import { isRecord } from '../objects.js';
import type { Ledger } from './ledger.js';
import { PreparedStore } from './prepared-store.js';
import type { Tick } from './stages.js';

export interface Drop {
  /** The rule or stage that drops it. */
  readonly rule: string;
  /** Counted in the report, so it holds nothing of the dialogue. */
  readonly reason: string;
  /** The reason in rejected.jsonl, if it says more. */
  readonly detail?: string;
  /** The id of the dialogue that it is a duplicate of. */
  readonly duplicateOf?: string;
}

/** @param dialogues is released. @param judge says why a dialogue is left out, or undefined if it stays. */
export function withoutDropped(
  dialogues: PreparedStore,
  ledger: Ledger,
  judge: (index: number) => Drop | undefined,
  tick: Tick = () => {},
): PreparedStore {
  const kept = new PreparedStore();
  for (let index = 0; index < dialogues.length; index++) {
    const drop = judge(index);
    if (drop) ledger.dropped(drop.rule, drop.reason, rejectedLine(dialogues.at(index), drop));
    else kept.appendLines(dialogues.bytes(index));
    tick(index + 1);
  }
  dialogues.release();
  return kept;
}

/** A line of rejected.jsonl, without the line feed. */
export function rejectedLine(
  dialogue: PreparedDialogue,
  { rule, reason, detail = reason, duplicateOf }: Drop,
): string {
  const why = JSON.stringify({
    dropped_by: rule,
    reason: detail,
    ...(duplicateOf !== undefined && { duplicate_of: duplicateOf }),
  });
  return `${preparedLine(dialogue).slice(0, -1)},${why.slice(1)}`;
}

/** Why a line of rejected.jsonl was dropped. */
export interface Rejection {
  readonly rule: string;
  readonly reason: string;
  readonly duplicateOf?: string;
}

/** @param line as `rejectedLine` writes it. */
export function rejectionIn(line: string): Rejection {
  const value: unknown = JSON.parse(line);
  const { dropped_by: rule, reason, duplicate_of: duplicateOf } = isRecord(value) ? value : {};
  return {
    rule: typeof rule === 'string' ? rule : '',
    reason: typeof reason === 'string' ? reason : '',
    ...(typeof duplicateOf === 'string' && { duplicateOf }),
  };
}
