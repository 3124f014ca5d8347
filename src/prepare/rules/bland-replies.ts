// No longer learns replies that consist of what everybody says: `I don't know what you mean.` The DialoGPT paper (Zhang et al. 2020,
// section 2) leaves out replies of which 90% of the runs of three words occur more than 1,000 times.

import type { Turn } from '../../corpus/dialogue.js';
import type { NumberSpec } from '../../option-spec.js';
import { type CorpusRule, learnedReplies, unlearn } from '../rule.js';

const options = {
  blandCount: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 1000,
    min: 1,
    help: 'For bland-replies: a run of three words (characters in Chinese) is common if it occurs more often than this in all replies.',
  },
  blandShare: {
    group: 'Cleaning',
    type: 'number',
    value: 'share',
    default: 0.9,
    above: 0,
    max: 1,
    help: 'For bland-replies: the share of common runs from which a reply is bland.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

const [blandEnglish, blandChinese] = ["I don't know", '我不知道'];

export const blandReplies: CorpusRule<typeof options> = {
  name: 'bland-replies',
  help: 'Do not learn replies that consist of very common runs of three words. The DialoGPT paper leaves them out.',
  byDefault: false,
  options,
  examples: [
    {
      before: ['Who?', blandEnglish, 'When?', 'At five, I think', 'Why?', `${blandEnglish}.`],
      after: ['Who?', blandEnglish, 'When?', 'At five, I think', 'Why?', `${blandEnglish}.`],
    },
    { before: ['Who?', blandEnglish, `${blandEnglish}!`], after: null, options: { blandCount: 1 } },
    { before: ['谁？', blandChinese, `${blandChinese}。`], after: null, options: { blandCount: 1 } },
  ],
  async start({ blandCount, blandShare }) {
    const { wordsOf } = await import('../../corpus/words.js');
    const { textHash } = await import('../../corpus/text-hash.js');
    const { HashCounts } = await import('../hash-counts.js');
    const counts = new HashCounts();
    const runsIn = ({ text }: Turn) => {
      const words = wordsOf(text.toLowerCase());
      return words.slice(2).map((last, at) => textHash(`${words[at]} ${words[at + 1]} ${last}`));
    };
    return {
      see(dialogue) {
        for (const index of learnedReplies(dialogue)) {
          const reply = dialogue.turns[index];
          if (reply) for (const run of runsIn(reply)) counts.add(run);
        }
      },
      judge(dialogue) {
        return unlearn(dialogue, 'the reply is bland', (reply) => {
          const runs = runsIn(reply);
          const common = runs.filter((run) => counts.of(run) > blandCount);
          return runs.length > 0 && common.length >= blandShare * runs.length;
        });
      },
    };
  },
};
