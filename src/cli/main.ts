#!/usr/bin/env node
// `chatbot-train`: reads the command line and starts one command. Only what `--help` needs is imported here; each
// command brings its own rooms when it runs. stdout is for results, stderr for everything else.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { trainOptions } from '../config/train-options.js';
import { ExitCode, messageOf, UserError } from '../errors.js';
import { nearest } from '../suggest.js';
import { addOptions, givenFlags, unknownFlag } from './flags.js';

const EXAMPLES = `
Every switch has a --no- form, so that a flag can undo what a config file says.

Examples:
  chatbot-train --model microsoft/DialoGPT-small --data my-chats.json --output-dir results/mine
  chatbot-train --data data/ --epochs 5 --lr 3e-5 --early-stopping-patience 2
  chatbot-train --config configs/quickstart.yaml --resume
  chatbot-train doctor

Exit codes: 0 done; 1 unexpected error, or a loss above --fail-above-eval-loss; 2 flags or config; 3 data;
4 model; 5 device or memory; 6 diverged; 130 or 143 interrupted, after saving a checkpoint.`;

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return String((manifest as { version: unknown }).version);
}

function build(finish: (exitCode: number) => void): Command {
  const program = new Command('chatbot-train')
    .description('Fine-tunes DialoGPT and other GPT-2 models on your own conversations.')
    .version(version(), '--version', 'Print the version.')
    .helpOption('--help', 'Print this text.')
    .usage('[options]\n       chatbot-train doctor [--json]')
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {} })
    .configureHelp({ formatItem: onTwoLines, sortOptions: false })
    .addHelpText('after', EXAMPLES);
  addOptions(program, trainOptions);
  program.allowExcessArguments().action(async () => {
    const flags = givenFlags(program, trainOptions);
    refuseWords(program);
    const { trainCommand } = await import('./train.js');
    finish(await trainCommand(flags));
  });
  program.commandsGroup('Commands:').helpCommand(false);
  program
    .command('doctor')
    .description('Report what this machine offers for training, what is missing and how to get it.')
    .helpOption('--help', 'Print this text.')
    .option('--json', 'Print the report as one line of JSON.')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(async (_: unknown, command: Command) => {
      const [word] = command.args;
      if (word !== undefined) throw new UserError('usage', `doctor takes no ${JSON.stringify(word)}`);
      const { doctorCommand } = await import('./doctor.js');
      // `--json` may stand before the word doctor, where it is the root's.
      finish(await doctorCommand({ json: command.optsWithGlobals().json === true }));
    });
  return program;
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

/** A word that belongs to no flag is a misspelt command or a forgotten --data. */
function refuseWords(program: Command): void {
  const [word] = program.args;
  if (word === undefined) return;
  const near = nearest(
    word,
    program.commands.map((command) => command.name()),
  );
  const hint = near === undefined ? `conversations are given as --data ${word}` : `did you mean ${near}?`;
  throw new UserError('usage', `${JSON.stringify(word)} is not a command; ${hint}`);
}

/** What commander refused, in our words. */
function usageError(error: CommanderError, program: Command): UserError {
  const doctor = program.commands.find((command) => process.argv[2] === command.name());
  const quotedWord = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return unknownFlag(quotedWord, doctor ?? program);
    case 'commander.optionMissingArgument':
      return new UserError('usage', `${quotedWord.split(/[ ,]/)[0]} needs a value: ${quotedWord}`);
    default:
      return new UserError('usage', error.message.replace(/^error: /, ''));
  }
}

function report(thrown: unknown, program: Command): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return ExitCode.ok;
  const error = thrown instanceof CommanderError ? usageError(thrown, program) : thrown;
  const debug = process.env.CHATBOT_TRAIN_DEBUG === '1';
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (error instanceof UserError) {
    process.stderr.write(`error: ${error.message}\n`);
    return error.exitCode;
  }
  const hint = debug ? '' : ' (a defect of chatbot-train; CHATBOT_TRAIN_DEBUG=1 shows where)';
  process.stderr.write(`error: ${messageOf(error).split('\n')[0]}${hint}\n`);
  return ExitCode.unexpected;
}

// A reader that has gone away (`| head`) must not end a training run.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

const program = build((exitCode) => {
  process.exitCode = exitCode;
});
try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = report(thrown, program);
}
