// Answers to one question that cannot both be right: one says yes where another says no, or their numbers differ. Other
// answers to one question are variants, of which one is chosen. Wordings of one question that have different answers are named
// too: which of them is given depends on a word or a letter.

import { quoted } from '../../quote.js';
import { questionGroups } from '../learning/question-groups.js';
import { normalize } from '../normalize.js';
import type { Finding } from '../rules/bot-file.js';
import type { Knowledge, StoredPair } from '../store/store.js';

/** Comparing more takes minutes. */
const mostCompared = 50_000;

/** @param note told what was not compared. */
export async function contradictions(
  store: Knowledge,
  note: (text: string) => void = () => {},
  most = mostCompared,
): Promise<Finding[]> {
  const answers = new Map<string, StoredPair[]>();
  for await (const batch of store.changes(0))
    for (const change of batch) {
      if (change.kind === 'removed') continue;
      const { pair } = change;
      // In another place of a conversation, another answer is right.
      const key = JSON.stringify([normalize(pair.question), pair.previous && normalize(pair.previous)]);
      const others = answers.get(key);
      if (others) others.push(pair);
      else answers.set(key, [pair]);
    }
  return [...[...answers.values()].flatMap(findingsOf), ...nearlyTheSame([...answers.values()], note, most)];
}

/** @param questions the pairs of each question; those with a turn before them depend on it, and are left out. */
function nearlyTheSame(
  questions: readonly (readonly StoredPair[])[],
  note: (text: string) => void,
  most: number,
): Finding[] {
  const all = questions.filter(([first]) => first !== undefined && first.previous === null);
  const alone = all.slice(0, most);
  if (alone.length < all.length)
    note(
      `only ${alone.length} of ${all.length} questions were compared with each other for nearly equal ones`,
    );
  const groups = questionGroups(alone.map(([first]) => first?.question ?? ''));
  return groups.flatMap(([head = 0, ...others]) => {
    const [first] = alone[head] ?? [];
    if (first === undefined) return [];
    const known = new Set((alone[head] ?? []).map(({ answer }) => normalize(answer)));
    return others.flatMap((other): Finding[] => {
      const pair = alone[other]?.find(({ answer }) => !known.has(normalize(answer)));
      if (pair === undefined) return [];
      const message = `asks ${quoted(pair.question, 80)} nearly as ${first.source} asks ${quoted(first.question, 80)}, but has another answer; give both one answer, or say in the question what differs`;
      return [{ severity: 'warning', place: pair.source, message }];
    });
  });
}

function findingsOf([first, ...others]: readonly StoredPair[]): Finding[] {
  if (first === undefined) return [];
  return others.flatMap((pair): Finding[] => {
    const what = contradiction(first.answer, pair.answer);
    if (what === null) return [];
    const message = `answers ${quoted(first.question)} with ${quoted(pair.answer, 80)}, but ${first.source} with ${quoted(first.answer, 80)}: ${what}; remove one`;
    return [{ severity: 'warning', place: pair.source, message }];
  });
}

/** @returns what is wrong; null when both can be right. */
export function contradiction(one: string, other: string): string | null {
  const [says, saysOther] = [yesOrNo(one), yesOrNo(other)];
  if (says !== null && saysOther !== null && says !== saysOther) return 'one is yes and the other no';
  const [numbers, otherNumbers] = [numbersIn(one), numbersIn(other)];
  if (numbers.length > 0 && otherNumbers.length > 0 && numbers.join(' ') !== otherNumbers.join(' '))
    return 'their numbers differ';
  return null;
}

function yesOrNo(answer: string): 'yes' | 'no' | null {
  const text = normalize(answer);
  if (
    /^(?:yes|yeah|yep|sure|of course|certainly)(?![\p{L}\p{M}])|^(?:是的?|可以|能|会|有的?|当然|对)(?=[\p{P}\s]|$)/u.test(
      text,
    )
  )
    return 'yes';
  if (/^(?:no|nope|not|never|unfortunately not)(?![\p{L}\p{M}])|^(?:不|没有|没|否)/u.test(text)) return 'no';
  return null;
}

function numbersIn(text: string): string[] {
  return (text.normalize('NFKC').match(/\d+(?:[.,:]\d+)*/g) ?? []).sort();
}
