// Finding near-duplicates among generated texts, against rensa.

import { join } from 'node:path';
import type { DuplicatesResult } from '../duplicates.js';
import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Subject } from '../measurement.js';
import { ours, pythonPeer, type Situation } from '../situation.js';

type Missed = Omit<DuplicatesResult, 'seconds'>;

export const duplicates: Subject<Situation> = {
  name: 'duplicates',
  about: 'near-duplicates among 200,000 generated texts, and rensa',
  measurements(situation) {
    const { smoke, scratch } = situation;
    const sample = ['--texts', smoke ? '500' : '200000'];
    const found = ({ missed, pairs }: Missed) => `${pairs - missed} of ${pairs} pairs found`;
    const prepared = ours<{ readonly texts: number }>('duplicates', {
      label: 'the same for rensa',
      args: [...sample, '--write', scratch],
      rounds: 1,
      value: ({ texts }) => `${texts} texts`,
    });
    const own = ours<DuplicatesResult>('duplicates', {
      label: 'ours, 1 thread',
      args: sample,
      value: (result) => `${found(result)} in ${result.seconds.toFixed(2)} s`,
    });
    const theirs = pythonPeer<{ readonly seconds: number }>(situation, 'rensa_duplicates', ['rensa'], {
      label: 'rensa, 3-grams in Python',
      args: (results) => (results.of(prepared).length > 0 ? ['--folder', scratch] : undefined),
      value: ({ seconds }) => `${seconds.toFixed(2)} s`,
    });
    const judged = ours<Missed>('duplicates', {
      label: "rensa's recall",
      args: (results) =>
        results.of(theirs).length > 0 ? [...sample, '--flags', join(scratch, 'flags.bin')] : undefined,
      rounds: 1,
      value: found,
    });
    return [
      {
        name: 'near-duplicates',
        programs: [prepared, own, theirs, judged],
        findings(results) {
          const time = (program: typeof own | typeof theirs) =>
            median(results.of(program).map(({ seconds }) => seconds));
          const recall = (program: typeof own | typeof judged) =>
            median(results.of(program).map(({ missed, pairs }) => 1 - missed / pairs));
          const [ourTime, theirTime] = [time(own), time(theirs)];
          const [ourRecall, theirRecall] = [recall(own), recall(judged)];
          return [
            against(
              "near-duplicates: rensa's seconds over ours",
              shown(ourTime),
              shown(theirTime),
              theirTime / ourTime,
              1,
              'at least',
            ),
            against(
              "near-duplicates: our recall over rensa's",
              shown(ourRecall, 4),
              shown(theirRecall, 4),
              ourRecall / theirRecall,
              1,
              'at least',
            ),
          ];
        },
      },
    ];
  },
};
