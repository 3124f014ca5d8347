// The flags of `npm run bench`. Looks only at the arguments and at whether the files exist that they name.

import { existsSync } from 'node:fs';
import { UserError } from '../src/errors.js';
import { quoted } from '../src/quote.js';
import { nearest } from '../src/suggest.js';
import { expectNoWords, type Flag, flagHelp, parseFlags } from './flags.js';
import { threadsByDefault } from './measure.js';
import type { Subject } from './measurement.js';
import { readReport } from './report.js';

export interface BenchOptions {
  /** Names of subjects, in the order in which they run. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly minutes: number;
  readonly threads: number;
  /** A Python with the peers' packages, if the user names one. */
  readonly python: string | undefined;
  /** A file in the format of Persona-Chat. */
  readonly data: string | undefined;
  /** The folder of a trained model. */
  readonly model: string | undefined;
  readonly output: string | undefined;
  readonly smoke: boolean;
}

type Named = Pick<Subject<never>, 'name' | 'about'>;

const flags = {
  only: {
    type: 'string',
    value: 'NAMES',
    help: 'what to measure, separated by commas (default: everything)',
  },
  rounds: { type: 'string', value: 'N', default: '2', help: 'how many times ours and the peers take turns' },
  minutes: { type: 'string', value: 'N', default: '20', help: 'the time limit of the whole run' },
  threads: {
    type: 'string',
    value: 'N',
    default: String(threadsByDefault),
    help: 'threads of each program',
  },
  python: {
    type: 'string',
    value: 'PATH',
    default: process.env.CHATBOT_TRAIN_PYTHON,
    help: "a Python with the peers' packages, if not the one of npm run bench:setup",
  },
  data: { type: 'string', value: 'FILE', help: 'dialogues in the format of Persona-Chat' },
  model: { type: 'string', value: 'FOLDER', help: 'a trained model, for the perplexity with bf16 weights' },
  output: { type: 'string', value: 'FILE', help: 'the report file; an existing report is extended' },
  smoke: { type: 'boolean', help: 'run tiny sizes, to test the benchmark itself' },
  help: { type: 'boolean', help: 'print this text' },
} as const satisfies Record<string, Flag>;

export function helpText(subjects: readonly Named[]): string {
  return [
    'Usage: npm run bench -- [flags]',
    '',
    "Measures training and decoding on the CPU, ours and the usual tools' in turns. Prints each result when it is there, and",
    'writes one JSON report. docs/benchmarks.md describes what is measured.',
    '',
    ...flagHelp(flags),
    '',
    '--only takes these names:',
    '',
    ...subjects.map(({ name, about }) => `  ${name.padEnd(16)}  ${about}`),
    '',
    'Exit code: 0 all is measured that could be, 1 a program failed, 2 wrong flag, 130 or 143 interrupted.',
  ].join('\n');
}

/**
 * @returns 'help' if --help is given
 * @throws UserError (usage)
 */
export function readOptions(args: readonly string[], subjects: readonly Named[]): BenchOptions | 'help' {
  if (args.includes('--help')) return 'help';
  const { text, positive, given, words } = parseFlags('bench', flags, args);
  expectNoWords('bench', words);
  const existing = (name: 'data' | 'model'): string | undefined => {
    const path = text(name);
    if (path === undefined || existsSync(path)) return path;
    throw new UserError('option-invalid', `--${name}: ${quoted(path)} does not exist.`);
  };
  return {
    only:
      text('only')
        ?.split(',')
        .map((word) => subjectNamed(word.trim(), subjects)) ?? subjects.map(({ name }) => name),
    rounds: Math.ceil(positive('rounds')),
    minutes: positive('minutes'),
    threads: Math.ceil(positive('threads')),
    python: text('python'),
    data: existing('data'),
    model: existing('model'),
    output: outputOf(text('output')),
    smoke: given.has('smoke'),
  };
}

function outputOf(path: string | undefined): string | undefined {
  if (path === undefined || !existsSync(path) || readReport(path) !== undefined) return path;
  throw new UserError(
    'option-invalid',
    `--output: ${quoted(path)} exists and is no report of the benchmark.`,
  );
}

function subjectNamed(word: string, subjects: readonly Named[]): string {
  const names = subjects.map(({ name }) => name);
  if (names.includes(word)) return word;
  const near = nearest(word, names);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  throw new UserError(
    'option-invalid',
    `--only: there is no measurement ${quoted(word)}${hint}; there are ${names.join(', ')}.`,
  );
}
