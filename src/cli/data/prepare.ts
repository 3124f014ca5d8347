// `chatbot-data prepare`: makes a prepared corpus. What was read and left out goes to stderr, the result to stdout.

import { availableParallelism } from 'node:os';
import {
  prepareOptions,
  type StageOption,
  type StageOptions,
  stageOptions,
} from '../../config/prepare-options.js';
import { completeOptions, type Given, type GivenOptions } from '../../config/schema.js';
import { plural } from '../../corpus/summary.js';
import { ExitCode, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { checkOutput } from '../../prepare/output-folder.js';
import { prepare } from '../../prepare/prepare.js';
import { ruleOptions } from '../../prepare/rules.js';
import { jsonLine, messageLine } from '../../quote.js';
import { openModelTokenizer } from '../../weights/open-model.js';
import { withFlags } from '../flag-names.js';
import { count } from '../format.js';
import { prepareProgress } from './prepare-progress.js';
import type { Streams } from './reading.js';
import { refuseUnusedShare, withScorer } from './reply-scoring.js';

function isTerminal(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** Reading cannot keep more of them busy. */
const mostThreads = 8;

export async function prepareCommand(
  given: ReadonlyMap<string, Given>,
  streams: Streams = process,
): Promise<number> {
  const layers = [await givenByFile(given.get('config')), given];
  const options = completeOptions(stageOptions, layers as readonly GivenOptions<StageOption>[]);
  const values = completeOptions(ruleOptions, layers);
  // What is left decides what the corpus holds, and is kept in its manifest.
  const {
    paths,
    out,
    force,
    reuse,
    config,
    json,
    quiet,
    tokenizer: model,
    device,
    threads,
    ...settings
  } = options;
  if (paths.length === 0 || out === null)
    throw new UserError(
      'data-not-named',
      `name conversations and ${option('out')}, for example chatbot-data prepare chats/ --out corpus/`,
    );
  checkOutput(out, force, paths);
  refuseUnusedShare(options);
  const tokenizer = model === null ? undefined : await openModelTokenizer(model);
  const progress = prepareProgress({
    isTerminal: isTerminal(streams.stderr),
    isQuiet: quiet,
    stream: streams.stderr,
  });
  const { manifest, notes, unchanged } = await withScorer(options, streams, (scoring) =>
    prepare(paths, out, settings, values, scoring && { ...settings, ...scoring }, {
      reuse,
      threads: threads ?? Math.min(availableParallelism(), mostThreads),
      watch: progress.watch,
      tokenizer,
    }),
  ).finally(progress.stop);
  const ineffective = withoutEffect(new Set(layers.flatMap((layer) => [...layer.keys()])), options);
  if (!quiet)
    for (const note of [...ineffective, ...notes, ...unchangedWords(unchanged, paths.length)])
      streams.stderr.write(`${messageLine(withFlags(note))}\n`);
  const { train, eval: evaluation } = manifest.dialogues;
  const result = json
    ? jsonLine({
        out,
        ...manifest.dialogues,
        sources: { unchanged, prepared: paths.length - unchanged },
        rules: manifest.rules,
      })
    : messageLine(`${out}: ${count(train)} dialogues to train on, ${count(evaluation)} to evaluate on`);
  streams.stdout.write(`${result}\n`);
  return ExitCode.ok;
}

function unchangedWords(unchanged: number, sources: number): readonly string[] {
  if (unchanged === 0) return [];
  return [
    `${plural(unchanged, 'source')} of ${sources} ${unchanged === 1 ? 'has' : 'have'} not changed since ${unchanged === 1 ? 'it was' : 'they were'} prepared, and ${unchanged === 1 ? 'was' : 'were'} not read again`,
  ];
}

/** Sentences about options that change nothing beside the others. */
function withoutEffect(
  given: ReadonlySet<string>,
  { redact, evalRatio, suspicious }: StageOptions,
): string[] {
  const without = (keys: readonly string[], why: string) =>
    keys.filter((key) => given.has(key)).map((key) => `${option(key)} has no effect, because ${why}`);
  return [
    ...(redact === 'none'
      ? without(['redactWith', 'names', 'redactKey', 'phoneRegions'], `${option('redact')} is none`)
      : []),
    ...(given.has('unsafeFilter')
      ? []
      : without(['unsafeThreshold'], `there is no ${option('unsafeFilter')}`)),
    ...(suspicious === null ? without(['top', 'device'], `there is no ${option('suspicious')}`) : []),
    ...(evalRatio === 0 ? without(['splitBy'], `${option('evalRatio')} is 0`) : []),
  ];
}

async function givenByFile(config: Given | undefined): Promise<ReadonlyMap<string, Given>> {
  if (typeof config?.value !== 'string') return new Map();
  const { readConfigOf } = await import('../../config/file.js');
  return readConfigOf(config.value, { table: prepareOptions, command: 'chatbot-data prepare' });
}
