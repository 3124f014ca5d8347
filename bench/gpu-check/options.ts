// The flags of `gpu-check`, their help, and one sentence for each kind of mistake. Looks only at the arguments.

import { UserError } from '../../src/errors.js';
import { quoted } from '../../src/quote.js';
import { expectNoWords, type Flag, type FlagValues, flagHelp, parseFlags } from '../flags.js';
import type { Wanted } from './situation.js';
import { type Part, parts } from './step.js';
import type { Visit } from './steps.js';

export interface Check extends Omit<Wanted, 'scratch'> {
  readonly kind: 'check';
  /** The parts to run; a visit chooses steps instead. */
  readonly only: readonly Part[];
  readonly visit: Visit | undefined;
  readonly minutes: number;
  readonly output: string | undefined;
}

export interface Merge {
  readonly kind: 'merge';
  /** Paths of reports. */
  readonly reports: readonly string[];
  readonly output: string | undefined;
}

export type Request = { readonly kind: 'help' } | Check | Merge;

const flags = {
  device: { type: 'string', value: 'NAME', default: 'cuda', help: 'the card: cuda or cuda:N' },
  visit: {
    type: 'string',
    value: 'N',
    help: 'a part of seven minutes: 1 conformance and goldens, 2 run and bench, 3 bench and peers',
  },
  only: {
    type: 'string',
    value: 'PARTS',
    default: parts.join(','),
    help: `the parts to run, separated by commas`,
  },
  minutes: {
    type: 'string',
    value: 'N',
    help: 'the time limit for all steps together (default: 60, or 7 with --visit)',
  },
  rounds: {
    type: 'string',
    value: 'N',
    help: 'how many times ours and the peers alternate (default: 2, or 1 with --visit)',
  },
  python: {
    type: 'string',
    value: 'PATH',
    default: process.env.CHATBOT_TRAIN_PYTHON ?? 'python3',
    help: 'a Python with torch for CUDA and transformers, to run the peers',
  },
  data: { type: 'string', value: 'FILE', help: 'dialogues in Persona-Chat format, for the benchmark' },
  output: {
    type: 'string',
    value: 'FILE',
    help: 'the report file; an existing report is extended',
  },
  merge: { type: 'boolean', help: 'join the reports whose paths follow into one, without a card' },
  smoke: { type: 'boolean', help: 'run tiny sizes on the emulated card, to test the check itself' },
  help: { type: 'boolean', help: 'print this text' },
} as const satisfies Record<string, Flag>;
type FlagName = keyof typeof flags;

export function helpText(): string {
  return [
    'Usage: npm run gpu-check -- [flags]',
    '       node scripts/gpu-check.mjs [flags]',
    '       node scripts/gpu-check.mjs --merge REPORT... --output FILE',
    '',
    'Measures and verifies a real NVIDIA GPU, and writes one JSON report. docs/cuda.md describes the parts.',
    '',
    ...flagHelp(flags),
    '',
    'Exit code: 0 all steps that could run passed, 1 a step failed or had no time left, 2 wrong flag, 5 no usable GPU.',
  ].join('\n');
}

/** @throws UserError (usage) */
export function readFlags(args: readonly string[]): Request {
  const values = parseFlags<FlagName>('gpu-check', flags, args);
  if (values.given.has('help')) return { kind: 'help' };
  if (values.given.has('merge')) return mergeOf(values);
  expectNoWords('gpu-check', values.words);
  return checkOf(values);
}

function mergeOf({ given, words: reports, text }: FlagValues<FlagName>): Merge {
  const other = [...given].find((name) => name !== 'merge' && name !== 'output');
  if (other !== undefined)
    throw new UserError(
      'options-conflict',
      `--merge runs nothing, so --${other} has no effect: leave it out.`,
    );
  if (reports.length === 0)
    throw new UserError('option-invalid', '--merge needs the paths of reports: --merge A.json B.json.');
  return { kind: 'merge', reports, output: text('output') };
}

function checkOf({ given, text, positive }: FlagValues<FlagName>): Check {
  const device = text('device') ?? '';
  if (!/^cuda(:\d+)?$/.test(device))
    throw new UserError('option-invalid', `--device must be cuda or cuda:N, not ${quoted(device)}.`);
  const visit = visitNamed(text('visit'));
  if (visit !== undefined && given.has('only'))
    throw new UserError('options-conflict', '--visit chooses the steps: leave --only out.');
  return {
    kind: 'check',
    device,
    visit,
    only: (text('only') ?? '').split(',').map(partNamed),
    minutes: positive('minutes', visit === undefined ? 60 : 7),
    rounds: Math.ceil(positive('rounds', visit === undefined ? 2 : 1)),
    python: text('python') ?? '',
    data: text('data'),
    output: text('output'),
    smoke: given.has('smoke'),
  };
}

function visitNamed(name: string | undefined): Visit | undefined {
  if (name === undefined) return undefined;
  const visit = ([1, 2, 3] as const).find((number) => String(number) === name);
  if (visit !== undefined) return visit;
  throw new UserError('option-invalid', `--visit must be 1, 2 or 3, not ${quoted(name)}.`);
}

function partNamed(name: string): Part {
  const part = parts.find((known) => known === name.trim());
  if (part !== undefined) return part;
  throw new UserError(
    'option-invalid',
    `--only: there is no part ${quoted(name)}; the parts are ${parts.join(', ')}.`,
  );
}
