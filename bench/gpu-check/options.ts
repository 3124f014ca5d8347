// The flags of `gpu-check`, their help, and one sentence for each kind of mistake. Looks only at the arguments.

import { parseArgs } from 'node:util';
import { messageOf, UserError } from '../../src/errors.js';
import { quoted } from '../../src/quote.js';
import { nearest } from '../../src/suggest.js';
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

interface Flag {
  readonly type: 'string' | 'boolean';
  readonly default?: string;
  /** The placeholder of its value in the help. */
  readonly value?: string;
  readonly help: string;
}

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
  const lines = Object.entries<Flag>(flags).map(([name, flag]) => {
    const usual = flag.default === undefined ? '' : ` (default: ${flag.default})`;
    return `  ${`--${name}${flag.value ? ` ${flag.value}` : ''}`.padEnd(16)}  ${flag.help}${usual}`;
  });
  return [
    'Usage: npm run gpu-check -- [flags]',
    '       node scripts/gpu-check.mjs [flags]',
    '       node scripts/gpu-check.mjs --merge REPORT... --output FILE',
    '',
    'Measures and verifies a real NVIDIA GPU, and writes one JSON report. docs/cuda.md describes the parts.',
    '',
    ...lines,
    '',
    'Exit code: 0 all steps that could run passed, 1 a step failed or had no time left, 2 wrong flag, 5 no usable GPU.',
  ].join('\n');
}

/** @throws UserError (usage) */
export function readFlags(args: readonly string[]): Request {
  const { values, positionals, tokens } = parsed(args);
  for (const token of tokens)
    if (token.kind === 'option' && !(token.name in flags)) throw unknownFlag(token.rawName);
  if (values.help) return { kind: 'help' };
  if (!values.merge && positionals[0] !== undefined)
    throw new UserError(
      'argument-unexpected',
      `gpu-check accepts only flags, not ${quoted(positionals[0])}; --help lists them.`,
    );
  const text = (name: FlagName): string | undefined => {
    const flag: Flag = flags[name];
    const value = values[name] ?? flag.default;
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    throw new UserError('option-invalid', `--${name} needs a value; see --help.`);
  };
  const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  return values.merge ? mergeOf(given, positionals, text) : checkOf(given, text);
}

type Text = (name: FlagName) => string | undefined;

function mergeOf(given: readonly string[], reports: readonly string[], text: Text): Merge {
  const other = given.find((name) => name !== 'merge' && name !== 'output');
  if (other !== undefined)
    throw new UserError(
      'options-conflict',
      `--merge runs nothing, so --${other} has no effect: leave it out.`,
    );
  if (reports.length === 0)
    throw new UserError('option-invalid', '--merge needs the paths of reports: --merge A.json B.json.');
  return { kind: 'merge', reports, output: text('output') };
}

function checkOf(given: readonly string[], text: Text): Check {
  const device = text('device') ?? '';
  if (!/^cuda(:\d+)?$/.test(device))
    throw new UserError('option-invalid', `--device must be cuda or cuda:N, not ${quoted(device)}.`);
  const visit = visitNamed(text('visit'));
  if (visit !== undefined && given.includes('only'))
    throw new UserError('options-conflict', '--visit chooses the steps: leave --only out.');
  const positive = (name: 'minutes' | 'rounds', usual: number): number => {
    const value = Number(text(name) ?? usual);
    if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
    throw new UserError('option-invalid', `--${name} must be a number above 0, not ${quoted(text(name))}.`);
  };
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
    smoke: given.includes('smoke'),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: flags,
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
  } catch (thrown) {
    throw new UserError('option-invalid', messageOf(thrown));
  }
}

function unknownFlag(name: string): UserError {
  const near = nearest(name.replace(/^-+/, ''), Object.keys(flags));
  const hint = near === undefined ? '' : ` (did you mean --${near}?)`;
  return new UserError('option-unknown', `gpu-check has no flag ${quoted(name)}${hint}; --help lists them.`);
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
