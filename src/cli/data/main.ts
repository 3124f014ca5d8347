#!/usr/bin/env node

// `chatbot-data`: reads the command line and starts one command. Only what `--help` needs is imported here; a command imports
// the rest when it runs.

import type { Command } from 'commander';
import { crawlOptions, downloadOptions } from '../../config/data-options.js';
import type { GivenOptions } from '../../config/schema.js';
import { UserError } from '../../errors.js';
import { isPositional, type OptionTable } from '../../option-spec.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { addOptions, givenFlags } from '../flags.js';
import { createProgram, quietCommand, runProgram } from '../program.js';

const EPILOGUE = `
chatbot-data COMMAND --help lists the options of a command.

Examples:
  chatbot-data crawl https://shop.example/faq --out faq.jsonl
  chatbot-data download
  chatbot-data download cornell --yes

Exit codes: 0 done; 1 unexpected error; 2 usage; 3 data; 5 disk; 129, 130 or 143 interrupted.`;

interface Subcommand<Table extends OptionTable> {
  readonly name: string;
  readonly description: string;
  readonly table: Table;
  /** Ends its `--help`. */
  readonly epilogue: string;
  readonly start: (given: GivenOptions<string & keyof Table>) => Promise<number>;
}

function build(): Command {
  const program = createProgram(
    {
      name: 'chatbot-data',
      description: 'Find, inspect and convert conversations to train a chatbot on.',
      usage: '<command> [options]',
      epilogue: EPILOGUE,
    },
    {},
  );
  program.commandsGroup('Commands:').helpCommand(false);
  program.action(() => refuseWords(program));
  add(program, {
    name: 'crawl',
    description: 'Collect questions and answers from the FAQ pages of a web site.',
    table: crawlOptions,
    epilogue: `
Finds FAQPage data in JSON-LD and microdata, details with a summary, description lists, and headings that are questions.
Obeys robots.txt. A crawl that is interrupted continues when the same command runs again.

Example:
  chatbot-data crawl https://shop.example/faq --depth 1 --out faq.jsonl`,
    start: async (given) => (await import('./crawl.js')).crawlCommand(given),
  });
  add(program, {
    name: 'download',
    description: 'Download a public corpus. Without a name, list those that are known.',
    table: downloadOptions,
    epilogue: `
Licence and size are shown first. A download that is interrupted continues when the same command runs again. Checksums are
verified.

Examples:
  chatbot-data download
  chatbot-data download kdconv --out corpora/kdconv`,
    start: async (given) => (await import('./download.js')).downloadCommand(given),
  });
  return program;
}

function add<Table extends OptionTable>(program: Command, given: Subcommand<Table>): void {
  const { name, description, table, epilogue, start } = given;
  const command = quietCommand(program.command(name))
    .description(description)
    .allowExcessArguments()
    .configureHelp(program.configureHelp())
    .addHelpText('after', epilogue);
  addOptions(command, table);
  command.action(async () => {
    const flags = givenFlags(command, table);
    refuseFurtherWords(command, table);
    process.exitCode = await start(flags);
  });
}

/** A second word where a command takes one. */
function refuseFurtherWords(command: Command, table: OptionTable): void {
  const positional = Object.values(table).find(isPositional);
  if (positional?.type === 'list') return;
  const word = command.args[positional === undefined ? 0 : 1];
  if (word !== undefined)
    throw new UserError(
      'argument-unexpected',
      `${command.name()} does not take ${quoted(word)}; see chatbot-data ${command.name()} --help`,
    );
}

/** A word that is no command, or no word at all. */
function refuseWords(program: Command): never {
  const names = program.commands.map((command) => command.name());
  const [word] = program.args;
  if (word === undefined)
    throw new UserError(
      'command-unknown',
      `name a command: ${names.join(', ')}; chatbot-data --help explains them`,
    );
  const near = nearest(word, names);
  const hint = near === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new UserError('command-unknown', `${quoted(word)} is not a command; ${hint}`);
}

await runProgram(build());
