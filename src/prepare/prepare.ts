// Makes a corpus worth training on from conversations of any format. This file is the table of contents: each source is read,
// redacted and cleaned by itself; then come duplicates and the split, and the files are written.

import { LearnedReading, type ReadLearnedOptions } from '../corpus/read-learned.js';
import { split } from '../corpus/split.js';
import { UserError } from '../errors.js';
import { startRules } from './apply-rules.js';
import { cleanSource, rejectedLine } from './clean-source.js';
import { ExactDuplicates } from './duplicates/exact.js';
import { Ledger } from './ledger.js';
import { type Manifest, manifestOf } from './manifest.js';
import { PreparedStore } from './prepared-store.js';
import type { RuleValues } from './rules.js';
import { Redaction, type RedactOptions } from './sensitive/redaction.js';
import { writeCorpus } from './write-corpus.js';

export interface PrepareOptions extends ReadLearnedOptions, RedactOptions {
  readonly dedupe: 'none' | 'exact';
  readonly evalRatio: number;
}

export interface Prepared {
  readonly manifest: Manifest;
  /** What people should know about what was read and left out. */
  readonly notes: readonly string[];
}

/**
 * Prepares the conversations in `paths` and puts the corpus into the folder `out`, whole or not at all.
 * @param values the options of rules, by key.
 * @throws UserError (data) if nothing can be read or nothing is left, (device) if the disk is full.
 */
export async function prepare(
  paths: readonly string[],
  out: string,
  options: PrepareOptions,
  values: RuleValues,
): Promise<Prepared> {
  const ledger = new Ledger();
  const reading = new LearnedReading(options);
  const rules = await startRules(values);
  const redaction = await Redaction.start(options);
  const cleaned = new PreparedStore();
  const notes = paths.flatMap((path) =>
    cleanSource(path, reading, { rules, ledger, redaction, keep: (one) => cleaned.push(one) }),
  );
  notes.push(...reading.end());
  const kept = options.dedupe === 'none' ? cleaned : withoutDuplicates(cleaned, ledger);
  if (kept.length === 0) throw nothingLeft(ledger);
  const parts = divided(kept, options);
  const manifest = manifestOf({
    paths,
    settings: { ...options, ...values },
    ledger,
    train: parts.train.length,
    evaluation: parts.evaluation.length,
  });
  await writeCorpus(out, { store: kept, ...parts, ledger, manifest });
  return { manifest, notes };
}

function withoutDuplicates(dialogues: PreparedStore, ledger: Ledger): PreparedStore {
  const kept = new PreparedStore();
  const seen = new ExactDuplicates();
  for (const one of dialogues) {
    const first = seen.firstOf(one.id, one.dialogue);
    if (first === undefined) kept.push(one);
    else
      ledger.dropped(
        'duplicates',
        'the same as another dialogue',
        rejectedLine(one, 'duplicates', `the same as ${first}`),
      );
  }
  dialogues.release();
  return kept;
}

interface Parts {
  readonly train: Int32Array;
  readonly evaluation: Int32Array;
}

function divided(dialogues: PreparedStore, { evalRatio, seed }: PrepareOptions): Parts {
  const texts = Int32Array.from({ length: dialogues.length }, (_, index) => index);
  return evalRatio === 0 ? { train: texts, evaluation: new Int32Array() } : split(texts, evalRatio, seed);
}

function nothingLeft({ counts }: Ledger): UserError {
  const dropped = [...counts].map(
    ([rule, { dropped }]) => [rule, [...dropped.values()].reduce((a, b) => a + b, 0)] as const,
  );
  const [most = ['', 0] as const] = dropped.sort((one, other) => other[1] - one[1]);
  return new UserError(
    'nothing-to-learn',
    `no dialogue is left after cleaning: ${most[0]} dropped ${most[1]}; turn the rule off or loosen it`,
  );
}
