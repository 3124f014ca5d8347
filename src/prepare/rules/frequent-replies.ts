// Bounds how often the same reply is learned, such as `I don't know.` Which ones stay is decided by hashes of the dialogues, so
// it does not depend on the order in which they are read.

import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import type { NumberSpec } from '../../option-spec.js';
import { type CorpusRule, learnedReplies, limit, unlearn } from '../rule.js';

const options = {
  maxReplyCount: {
    ...limit,
    help: 'Learn the same reply at most this often, apart from case, white space and punctuation at its end.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

export const frequentReplies: CorpusRule<typeof options> = {
  name: 'frequent-replies',
  help: 'Learn the same reply any number of times.',
  byDefault: true,
  options,
  examples: [
    {
      before: ['Why?', 'I see.', 'How?', 'I see', 'When?', 'At five'],
      after: ['Why?', 'I see.', 'How?', 'I see', 'When?', 'At five'],
      options: { maxReplyCount: 1 },
    },
    { before: ['为什么？', '好的。'], after: ['为什么？', '好的。'], options: { maxReplyCount: 1 } },
  ],
  async start({ maxReplyCount: most }) {
    if (most === null) return null;
    const { textHash } = await import('../../corpus/text-hash.js');
    const { HashCounts } = await import('../hash-counts.js');
    const counts = new HashCounts();
    /** Of replies that are too frequent: the smallest ranks of their occurrences. */
    const ranks = new Map<number, number[]>();
    const hashOf = ({ text }: Turn) => textHash(sameReply(text));
    const rankOf = ({ source, turns }: Dialogue, index: number) =>
      textHash(JSON.stringify([source, index, turns.map(({ text }) => text)]));
    return {
      see(dialogue) {
        for (const index of learnedReplies(dialogue)) {
          const reply = dialogue.turns[index];
          if (reply) counts.add(hashOf(reply));
        }
      },
      seeAgain(dialogue) {
        for (const index of learnedReplies(dialogue)) {
          const reply = dialogue.turns[index];
          if (!reply || counts.of(hashOf(reply)) <= most) continue;
          const hash = hashOf(reply);
          const known = ranks.get(hash) ?? [];
          known.push(rankOf(dialogue, index));
          ranks.set(hash, known.length > 2 * most + 64 ? smallest(known, most) : known);
        }
      },
      judge(dialogue) {
        return unlearn(dialogue, 'the reply is too frequent', (reply, index) => {
          const hash = hashOf(reply);
          const known = ranks.get(hash);
          if (known === undefined) return false;
          if (known.length > most) ranks.set(hash, smallest(known, most));
          return rankOf(dialogue, index) > (ranks.get(hash)?.at(-1) ?? 0);
        });
      },
    };
  },
};

/** Equal for texts that count as the same reply. */
export function sameReply(text: string): string {
  return text
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[\p{P}\s]{1,20}$/u, '');
}

function smallest(ranks: readonly number[], count: number): number[] {
  return [...ranks].sort((one, other) => one - other).slice(0, count);
}
