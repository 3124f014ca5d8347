// Tokenizing generated dialogues, against datasets.map in two processes.

import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Subject } from '../measurement.js';
import { ours, pythonPeer, type Situation } from '../situation.js';
import type { TokenizeResult } from '../tokenize.js';

export const tokenizing: Subject<Situation> = {
  name: 'tokenizing',
  about: 'tokenizing 200,000 generated dialogues, and datasets.map with the fast tokenizer',
  measurements(situation) {
    const { smoke, scratch } = situation;
    const sample = ['--dialogues', smoke ? '200' : '200000'];
    const value = ({ seconds, tokens }: TokenizeResult) => `${tokens} tokens in ${seconds.toFixed(2)} s`;
    const prepared = ours<{ readonly bytes: number }>('tokenize', {
      label: 'the same for datasets.map',
      args: [...sample, '--write', scratch],
      rounds: 1,
      value: ({ bytes }) => `${(bytes / 1e6).toFixed(1)} MB`,
    });
    const own = ours<TokenizeResult>('tokenize', { label: 'ours, 1 thread', args: sample, value });
    const theirs = pythonPeer<TokenizeResult>(situation, 'hf_tokenize', ['datasets', 'transformers'], {
      label: 'datasets.map, 2 processes',
      args: (results) => (results.of(prepared).length > 0 ? ['--folder', scratch] : undefined),
      value,
    });
    return [
      {
        name: 'tokenizing dialogues',
        programs: [prepared, own, theirs],
        findings(results) {
          const time = (program: typeof own) => median(results.of(program).map(({ seconds }) => seconds));
          const [ourTime, theirTime] = [time(own), time(theirs)];
          return [
            against(
              'tokenizing dialogues: seconds of datasets.map with num_proc=2 over ours',
              shown(ourTime),
              shown(theirTime),
              theirTime / ourTime,
              1,
              'at least',
            ),
          ];
        },
      },
    ];
  },
};
