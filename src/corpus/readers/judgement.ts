// What a record says of its own worth: weights, labels and ratings.

import type { Fields } from '../../objects.js';
import type { Role } from '../dialogue.js';
import type { Tally } from '../tally.js';
import { isNothing, type RawTurn } from './record.js';

/** Fields that judge a reply, in the order in which they count. */
const verdictFields = ['rating', 'label', 'kto_tag', 'feedback'] as const;
/** Fields that weigh a turn, or all turns of a record. */
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

/** Undefined where nothing judges. What is not understood is reported as a field that is not used. */
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

/** Whether something may be learnt: 0 and false switch it off. */
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

/** The turns as the record's own judgement leaves them: of a bad record the reply is not learnt, of weight 0 nothing. */
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
 * Which turn a record judges: the assistant's last one; where no turn is known to be the assistant's, the last of all.
 * -1 where there is none.
 */
export function judgedReply(
  turns: readonly { readonly isSpoken: boolean; readonly role: Role | undefined }[],
): number {
  const assistants = turns.findLastIndex(({ isSpoken, role }) => isSpoken && role === 'assistant');
  if (assistants >= 0) return assistants;
  return turns.findLastIndex(({ isSpoken, role }) => isSpoken && role !== 'system');
}
