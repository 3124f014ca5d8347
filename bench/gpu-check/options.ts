// The flags of `gpu-check`, their help, and one sentence for each kind of mistake. Looks only at the arguments.

import { parseArgs } from 'node:util';
import { messageOf, UserError } from '../../src/errors.js';
import { quoted } from '../../src/quote.js';
import { nearest } from '../../src/suggest.js';
import type { Wanted } from './situation.js';
import { type Part, parts } from './step.js';

export interface ParsedFlags extends Omit<Wanted, 'scratch'> {
  readonly only: readonly Part[];
  readonly minutes: number;
  readonly output: string | undefined;
}

interface Flag {
  readonly type: 'string' | 'boolean';
  readonly default?: string;
  /** The placeholder of its value in the help. */
  readonly value?: string;
  readonly help: string;
}

const flags = {
  device: { type: 'string', value: 'NAME', default: 'cuda', help: 'the card: cuda or cuda:N' },
  only: {
    type: 'string',
    value: 'PARTS',
    default: parts.join(','),
    help: `the parts to run, separated by commas`,
  },
  minutes: { type: 'string', value: 'N', default: '60', help: 'the time limit for all parts together' },
  rounds: { type: 'string', value: 'N', default: '2', help: 'how many times ours and the peers alternate' },
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
  smoke: { type: 'boolean', help: 'run tiny sizes on the emulated card, to test the check itself' },
  help: { type: 'boolean', help: 'print this text' },
} as const satisfies Record<string, Flag>;

export function helpText(): string {
  const lines = Object.entries<Flag>(flags).map(([name, flag]) => {
    const usual = flag.default === undefined ? '' : ` (default: ${flag.default})`;
    return `  ${`--${name}${flag.value ? ` ${flag.value}` : ''}`.padEnd(16)}  ${flag.help}${usual}`;
  });
  return [
    'Usage: npm run gpu-check -- [flags]',
    '       node scripts/gpu-check.mjs [flags]',
    '',
    'Measures and verifies a real NVIDIA GPU, and writes one JSON report. docs/cuda.md describes the parts.',
    '',
    ...lines,
    '',
    'Exit code: 0 all steps that could run passed, 1 a step failed or had no time left, 2 wrong flag, 5 no usable GPU.',
  ].join('\n');
}

/**
 * @returns 'help' if --help is given
 * @throws UserError (usage)
 */
export function readFlags(args: readonly string[]): ParsedFlags | 'help' {
  const { values, positionals, tokens } = parsed(args);
  for (const token of tokens)
    if (token.kind === 'option' && !(token.name in flags)) throw unknownFlag(token.rawName);
  if (values.help) return 'help';
  if (positionals[0] !== undefined)
    throw new UserError(
      'argument-unexpected',
      `gpu-check accepts only flags, not ${quoted(positionals[0])}; --help lists them.`,
    );
  const text = (name: keyof typeof flags): string | undefined => {
    const value = values[name] ?? ('default' in flags[name] ? flags[name].default : undefined);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    throw new UserError('option-invalid', `--${name} needs a value; see --help.`);
  };
  const device = text('device') ?? '';
  if (!/^cuda(:\d+)?$/.test(device))
    throw new UserError('option-invalid', `--device must be cuda or cuda:N, not ${quoted(device)}.`);
  const positive = (name: 'minutes' | 'rounds'): number => {
    const value = Number(text(name));
    if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
    throw new UserError('option-invalid', `--${name} must be a number above 0, not ${quoted(text(name))}.`);
  };
  return {
    device,
    only: (text('only') ?? '').split(',').map(partNamed),
    minutes: positive('minutes'),
    rounds: Math.ceil(positive('rounds')),
    python: text('python') ?? '',
    data: text('data'),
    output: text('output'),
    smoke: values.smoke === true,
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

function partNamed(name: string): Part {
  const part = parts.find((known) => known === name.trim());
  if (part !== undefined) return part;
  throw new UserError(
    'option-invalid',
    `--only: there is no part ${quoted(name)}; the parts are ${parts.join(', ')}.`,
  );
}
