// The key of a source: a hash of everything that decides what cleaning makes of it. If the key is the same, so is the result.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgottenName } from '../corpus/prepared/prepared-files.js';
import { sha256 } from '../files/checksums.js';
import { readRegularFile } from '../files/regular-file.js';
import type { PrepareOptions } from './prepare-options.js';
import { corpusRules, type RuleValues, ruleOptions, switchOf } from './rules.js';
import type { SourceRecord } from './source-files.js';

/** Counted up when the same program makes something else of a source, or writes it in another way. */
const version = 4;

/** Options that matter only once all sources are cleaned. All others are part of the key. */
const ofWholeCorpus: readonly string[] = [
  'dedupe',
  'nearThreshold',
  'neverTrain',
  'evalRatio',
  'splitBy',
  // Of the ranking by a trained model.
  'suspicious',
  'top',
  'dropSuspicious',
  // Of the data card.
  'license',
  'note',
];

/** Options that name files whose content matters. Those of rules say so in their table. */
const filesOfOptions = ['names', 'redactKey'] as const satisfies readonly (keyof PrepareOptions)[];

/** @returns the key of each source of a run. */
export function sourceKeys(
  sources: readonly SourceRecord[],
  out: string,
  options: PrepareOptions,
  values: RuleValues,
): readonly string[] {
  // Without redaction, the seed only decides the split.
  const unused = options.redact === 'none' ? ['seed'] : [];
  const ignored = new Set([...ofWholeCorpus, ...optionsOfCorpusRules(), ...unused]);
  const settings = Object.entries({ ...options, ...values }).filter(([key]) => !ignored.has(key));
  const files = [...filesOfOptions.map((key) => options[key]), ...filesOfRules(values)];
  const common = [
    version,
    programVersion(),
    settings.sort(([one], [other]) => (one < other ? -1 : 1)),
    files.map(contentHash),
    contentHash(join(out, forgottenName)),
  ];
  const content = ({ path, sha256: hash, readWith = [] }: SourceRecord) => [
    path,
    hash,
    ...readWith.map((file) => [file.path, file.sha256]),
  ];
  return sources.map((source) => sha256(JSON.stringify([common, ...content(source)])));
}

function optionsOfCorpusRules(): readonly string[] {
  return corpusRules.flatMap((rule) => [switchOf(rule), ...Object.keys(rule.options)]);
}

function filesOfRules(values: RuleValues): readonly unknown[] {
  return Object.entries(ruleOptions).flatMap(([key, spec]) =>
    'value' in spec && spec.value === 'file' ? values[key] : [],
  );
}

/** More than any of these files can have. */
const mostFileBytes = 2 ** 26;

/** @returns null if there is no such file. Whoever needs it says so. */
function contentHash(path: unknown): string | null {
  if (typeof path !== 'string') return null;
  try {
    return sha256(readRegularFile(path, mostFileBytes));
  } catch {
    return null;
  }
}

function programVersion(): unknown {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
}
