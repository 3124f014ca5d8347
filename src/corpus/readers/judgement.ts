// Reads the weights, labels and ratings of a record. They decide whether its turns are learned.

import type { Fields } from '../../objects.js';
import type { Role } from '../dialogue.js';
import type { Tally } from '../tally.js';
import { isNothing, type RawTurn } from './record.js';

/** Fields that rate a reply, in order of priority. */
const verdictFields = ['rating', 'label', 'kto_tag', 'feedback'] as const;
/** Fields that weight one turn, or all turns of a record. */
const weightFields = ['weight', 'train', 'loss'] as const;

export const judgementFields: readonly string[] = [...verdictFields, ...weightFields];

const good: readonly unknown[] = [
  true,
  1,
  'true',
  'good',
  'positive',
  'desirable',
  'chosen',
  'like',
  'up',
  '👍',
];
const bad: readonly unknown[] = [
  ...[false, 0, -1, 'false', 'bad', 'negative', 'undesirable', 'rejected', 'dislike', 'down', '👎'],
];

export type Verdict = 'good' | 'bad';

/** The rating in a record, or undefined if there is none. A value that is not understood is noted as an unused field. */
export function verdictOf(record: Fields, tally: Tally): Verdict | undefined {
  for (const field of verdictFields) {
    const value = record[field];
    if (isNothing(value)) continue;
    const word =
      typeof value === 'string'
        ? value
            .trim()
            .toLowerCase()
            .replace(/^thumbs[_ -]?/, '')
        : value;
    if (bad.includes(word)) return 'bad';
    if (good.includes(word)) return 'good';
    tally.unused(field);
  }
  return undefined;
}

/** Whether a weight of 0 or false switches off learning. */
export function isWeightedOff(record: Fields, tally: Tally): boolean {
  for (const field of weightFields) {
    const value = record[field];
    if (value === 0 || value === false) return true;
    if (field === 'weight' && typeof value === 'number' && value !== 1) tally.count('otherWeight');
    else if (!isNothing(value) && value !== 1 && value !== true) tally.unused(field);
  }
  return false;
}

export interface Judged {
  readonly turns: readonly RawTurn[];
  readonly verdict: Verdict | undefined;
}

/** Applies the judgement of a record to its turns. A bad rating switches off one reply; weight 0 switches off all turns. */
export function judged(turns: readonly RawTurn[], record: Fields, tally: Tally): Judged {
  const verdict = verdictOf(record, tally);
  if (isWeightedOff(record, tally)) {
    tally.count('weightless', turns.filter(({ supervised }) => supervised).length);
    return { turns: turns.map((turn) => ({ ...turn, supervised: false })), verdict };
  }
  if (verdict !== 'bad') return { turns, verdict };
  const reply = judgedReply(turns.map(({ text, role }) => ({ isSpoken: (text ?? '').trim() !== '', role })));
  if (reply >= 0) tally.count('bad');
  return {
    turns: turns.map((turn, index) => (index === reply ? { ...turn, supervised: false } : turn)),
    verdict,
  };
}

/**
 * The index of the turn that the rating of a record applies to: the last assistant turn, or the last spoken turn if no
 * turn is known to be the assistant's. -1 if there is none.
 */
export function judgedReply(
  turns: readonly { readonly isSpoken: boolean; readonly role: Role | undefined }[],
): number {
  const assistants = turns.findLastIndex(({ isSpoken, role }) => isSpoken && role === 'assistant');
  if (assistants >= 0) return assistants;
  return turns.findLastIndex(({ isSpoken, role }) => isSpoken && role !== 'system');
}
