// What the programs share: how `--help` looks, how anything that goes wrong is told and counted, the version. It is
// imported by every start, so it brings in nothing but commander. stdout is for results, stderr for everything else.

import { closeSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Command, CommanderError } from 'commander';
import { ExitCode, messageOf, UserError } from '../errors.js';
import type { OptionTable } from '../option-spec.js';
import { flagMessageOf } from './flag-names.js';
import { addOptions, unknownFlag } from './flags.js';

export interface ProgramText {
  readonly name: string;
  readonly description: string;
  /** What follows the name. */
  readonly usage: string;
  /** Stands below everything in `--help`. */
  readonly epilogue: string;
}

/** A program with every option of `table`; the caller adds its action and reads what words are left over. */
export function createProgram(text: ProgramText, table: OptionTable): Command {
  const program = quietCommand(new Command(text.name))
    .description(text.description)
    .version(version(), '--version', 'Print the version.')
    .usage(text.usage)
    .enablePositionalOptions()
    .allowExcessArguments()
    .configureHelp({ formatItem: onTwoLines, sortOptions: false })
    .addHelpText('after', text.epilogue);
  addOptions(program, table);
  return program;
}

/** Commander throws instead of exiting, and leaves it to `runProgram` to say why. */
export function quietCommand(command: Command): Command {
  return command
    .helpOption('--help', 'Print this text.')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {} });
}

/** Reads the command line and runs the action that it asks for; what that throws is told in a sentence and sets the exit code. */
export async function runProgram(program: Command): Promise<void> {
  outliveTerminals();
  // A reader that has gone away (`| head`, a closed terminal) must not end a training run.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY)) return;
    process.stderr.write(`error: the result cannot be written: ${error.message}\n`);
    process.exit(ExitCode.device);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => {});
  try {
    await program.parseAsync();
  } catch (thrown) {
    process.exitCode = report(thrown, program);
  }
}

/**
 * Node restores the modes of its terminals when it exits, and aborts where one of them is gone. It leaves closed
 * descriptors alone.
 */
function outliveTerminals(): void {
  const terminals = [0, 1, 2].filter(isatty);
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return String((manifest as { version: unknown }).version);
}

/** Flags here are too long for two columns: the sentence goes below its flag. */
function onTwoLines(
  term: string,
  _: number,
  description: string,
  help: { readonly helpWidth?: number | undefined; boxWrap(text: string, width: number): string },
): string {
  const text = help.boxWrap(description, Math.min(help.helpWidth ?? 80, 110) - 6);
  return `  ${term}\n      ${text.replaceAll('\n', '\n      ')}`;
}

/** What commander refused, in our words. */
function usageError(error: CommanderError, program: Command): UserError {
  const subcommand = program.commands.find((command) => process.argv[2] === command.name());
  const quotedWord = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return unknownFlag(quotedWord, subcommand ?? program);
    case 'commander.optionMissingArgument':
      return new UserError('option-invalid', `${quotedWord.split(/[ ,]/)[0]} needs a value: ${quotedWord}`);
    default:
      return new UserError('command-line-invalid', error.message.replace(/^error: /, ''));
  }
}

function report(thrown: unknown, program: Command): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return ExitCode.ok;
  const error = thrown instanceof CommanderError ? usageError(thrown, program) : thrown;
  const debug = process.env.CHATBOT_TRAIN_DEBUG === '1';
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (error instanceof UserError) {
    process.stderr.write(`error: ${flagMessageOf(error)}\n`);
    return error.exitCode;
  }
  const hint = debug ? '' : ` (a defect of ${program.name()}; CHATBOT_TRAIN_DEBUG=1 shows where)`;
  process.stderr.write(`error: ${messageOf(error).split('\n')[0]}${hint}\n`);
  return ExitCode.unexpected;
}
