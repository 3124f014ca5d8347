// Finding near-duplicates among generated texts, against rensa, text-dedup and datatrove.

import { join } from 'node:path';
import type { DuplicatesResult } from '../duplicates.js';
import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Measurement, Program, Subject } from '../measurement.js';
import { ours, pythonPeer, type Situation, textDedupPeer } from '../situation.js';

type Missed = Omit<DuplicatesResult, 'seconds'>;
type Timed = Pick<DuplicatesResult, 'seconds'>;

interface Peer {
  readonly name: string;
  readonly label: string;
  /** Whether it flags both texts of a pair, or takes one of them out. */
  readonly flags: 'flagged' | 'removed';
  program(described: Pick<Program<Timed>, 'label' | 'args' | 'value'>): Program<Timed>;
}

export const duplicates: Subject<Situation> = {
  name: 'duplicates',
  about: 'near-duplicates among generated texts, and rensa, text-dedup and datatrove',
  measurements(situation) {
    const rensa: Peer = {
      name: 'rensa',
      label: 'rensa, 3-grams in Python',
      flags: 'flagged',
      program: (described) => pythonPeer(situation, 'rensa_duplicates', ['rensa'], described),
    };
    const textDedup: Peer = {
      name: 'text-dedup',
      label: 'text-dedup',
      flags: 'removed',
      program: (described) => textDedupPeer(situation, 'text_dedup_duplicates', described),
    };
    const datatrove: Peer = {
      name: 'datatrove',
      label: 'datatrove',
      flags: 'removed',
      program: (described) => pythonPeer(situation, 'datatrove_duplicates', ['datatrove'], described),
    };
    return [
      compared(situation, 'near-duplicates', 200_000, [rensa]),
      // These two take minutes for more.
      compared(situation, 'near-duplicates of 20,000 texts', 20_000, [textDedup, datatrove]),
    ];
  },
};

const inSeconds = ({ seconds }: Timed) => `${seconds.toFixed(2)} s`;
const foundPairs = ({ missed, pairs }: Missed) => `${pairs - missed} of ${pairs} pairs found`;

function compared(situation: Situation, name: string, texts: number, peers: readonly Peer[]): Measurement {
  const { smoke, scratch, threads } = situation;
  const folder = join(scratch, `${texts}-texts`);
  const sample = ['--texts', String(smoke ? 500 : texts)];
  const written = ours<{ readonly texts: number }>('duplicates', {
    label: 'the same for the peers',
    args: [...sample, '--write', folder],
    rounds: 1,
    value: ({ texts }) => `${texts} texts`,
  });
  const own = ours<DuplicatesResult>('duplicates', {
    label: 'ours, 1 thread',
    args: sample,
    value: (result) => `${foundPairs(result)} in ${inSeconds(result)}`,
  });
  const judged = peers.map(({ name, label, flags, program }) => {
    const theirs = program({
      label,
      args: (results) =>
        results.of(written).length > 0 ? ['--folder', folder, '--processes', String(threads)] : undefined,
      value: inSeconds,
    });
    // Comes right after the peer, because the next one writes to the same file.
    const recall = ours<Missed>('duplicates', {
      label: `${name}'s recall`,
      args: (results) =>
        results.of(theirs).length > 0 ? [...sample, `--${flags}`, join(folder, 'flags.bin')] : undefined,
      rounds: 1,
      value: foundPairs,
    });
    return { name, theirs, recall };
  });
  return {
    name,
    programs: [written, own, ...judged.flatMap(({ theirs, recall }) => [theirs, recall])],
    findings(results) {
      const time = (program: Program<Timed>) => median(results.of(program).map(({ seconds }) => seconds));
      const recall = (program: Program<Missed>) =>
        median(results.of(program).map(({ missed, pairs }) => 1 - missed / pairs));
      return judged.flatMap((peer) => [
        against(
          `${name}: ${peer.name}'s seconds over ours`,
          shown(time(own)),
          shown(time(peer.theirs)),
          time(peer.theirs) / time(own),
          1,
          'at least',
        ),
        against(
          `${name}: our recall over ${peer.name}'s`,
          shown(recall(own), 4),
          shown(recall(peer.recall), 4),
          recall(own) / recall(peer.recall),
          1,
          'at least',
        ),
      ]);
    },
  };
}
