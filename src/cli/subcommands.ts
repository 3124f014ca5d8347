// A program that has commands, such as `chatbot-data inspect`. A command's options are a table; what it runs is imported when
// it starts, so that `--help` is fast.

import type { Command } from 'commander';
import type { GivenOptions } from '../config/schema.js';
import { UserError } from '../errors.js';
import { isPositional, type OptionTable } from '../option-spec.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import { addOptions, givenFlags } from './flags.js';
import { createProgram, quietCommand } from './program.js';

export interface Subcommand<Table extends OptionTable> {
  readonly name: string;
  readonly description: string;
  readonly table: Table;
  /** Ends its `--help`. */
  readonly epilogue: string;
  /** @returns the exit code. */
  readonly start: (given: GivenOptions<string & keyof Table>) => Promise<number>;
}

/** A program without options of its own. `addSubcommand` adds its commands. */
export function createProgramOfCommands(name: string, description: string, epilogue: string): Command {
  const program = createProgram({ name, description, usage: '<command> [options]', epilogue }, {});
  program.commandsGroup('Commands:').helpCommand(false);
  program.action(() => refuseWords(program));
  return program;
}

export function addSubcommand<Table extends OptionTable>(program: Command, given: Subcommand<Table>): void {
  const { name, description, table, epilogue, start } = given;
  const command = quietCommand(program.command(name))
    .description(description)
    .allowExcessArguments()
    .configureHelp(program.configureHelp())
    .addHelpText('after', epilogue);
  addOptions(command, table);
  command.action(async () => {
    const flags = givenFlags(command, table);
    refuseFurtherWords(program, command, table);
    process.exitCode = await start(flags);
  });
}

/** A second word where a command takes one. */
function refuseFurtherWords(program: Command, command: Command, table: OptionTable): void {
  const positional = Object.values(table).find(isPositional);
  if (positional?.type === 'list') return;
  const word = command.args[positional === undefined ? 0 : 1];
  if (word !== undefined)
    throw new UserError(
      'argument-unexpected',
      `${command.name()} does not take ${quoted(word)}; see ${program.name()} ${command.name()} --help`,
    );
}

/** A word that is no command, or no word at all. */
function refuseWords(program: Command): never {
  const names = program.commands.map((command) => command.name());
  const [word] = program.args;
  if (word === undefined)
    throw new UserError(
      'command-unknown',
      `name a command: ${names.join(', ')}; ${program.name()} --help explains them`,
    );
  const near = nearest(word, names);
  const hint = near === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new UserError('command-unknown', `${quoted(word)} is not a command; ${hint}`);
}
