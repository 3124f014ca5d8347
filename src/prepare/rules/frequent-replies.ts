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
    const { SmallestRanks } = await import('../smallest-ranks.js');
    const counts = new HashCounts();
    const kept = new SmallestRanks(most);
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
          kept.add(hashOf(reply), rankOf(dialogue, index));
        }
      },
      judge(dialogue) {
        return unlearn(dialogue, 'the reply is too frequent', (reply, index) =>
          kept.isBeyond(hashOf(reply), rankOf(dialogue, index)),
        );
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
