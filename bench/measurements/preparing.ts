// A whole preparation of 300,000 utterances. No peer does the same, so the goals are a time and a size.

import { join } from 'node:path';
import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Subject } from '../measurement.js';
import type { PreparingResult, WrittenChats } from '../preparing.js';
import { ours, type Situation } from '../situation.js';

export const preparing: Subject<Situation> = {
  name: 'preparing',
  about: 'chatbot-data prepare on 300,000 generated utterances',
  measurements({ smoke, scratch, threads }) {
    const data = join(scratch, 'chats.jsonl');
    const chats = ours<WrittenChats>('preparing', {
      label: 'the chats',
      args: ['--utterances', smoke ? '500' : '300000', '--write', data],
      rounds: 1,
      value: ({ dialogues, utterances }) => `${utterances} utterances in ${dialogues} dialogues`,
    });
    const own = ours<PreparingResult>('preparing', {
      label: `ours, ${threads} threads`,
      args: (results) =>
        results.of(chats).length > 0
          ? ['--data', data, '--out', join(scratch, 'corpus'), '--threads', String(threads)]
          : undefined,
      value: ({ seconds, processorSeconds, peakMemoryBytes }) =>
        `${shown(seconds)} s, ${shown(processorSeconds)} s of the processor, ${shown(peakMemoryBytes / 1e9)} GB`,
    });
    return [
      {
        name: 'preparing 300,000 utterances',
        programs: [chats, own],
        findings(results) {
          const measured = results.of(own);
          const of = (part: keyof PreparingResult) => median(measured.map((result) => result[part]));
          const [seconds, processor, gigabytes] = [
            of('seconds'),
            of('processorSeconds'),
            of('peakMemoryBytes') / 1e9,
          ];
          return [
            against(
              'preparing 300,000 utterances, s',
              shown(seconds),
              `${shown(processor)} s of the processor`,
              seconds,
              30,
              'at most',
            ),
            against(
              'preparing 300,000 utterances, peak memory in GB',
              shown(gigabytes),
              '',
              gigabytes,
              1,
              'at most',
            ),
          ];
        },
      },
    ];
  },
};
