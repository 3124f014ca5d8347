// The commands of `chatbot-train` and their options. Only what `--help` needs is imported here; a command imports the rest when it
// runs.

import type { Command } from 'commander';
import { shippedConfigNames } from '../config/shipped-configs.js';
import { trainOptions } from '../config/train-options.js';
import { UserError } from '../errors.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import { givenFlags } from './flags.js';
import { createProgram, quietCommand } from './program.js';

const EPILOGUE = `
Every switch has a --no- form, which overrides a config file.
Configs that --config takes by name: ${shippedConfigNames().join(', ')}.

Examples:
  chatbot-train --model microsoft/DialoGPT-small --data my-chats.json --output-dir results/mine
  chatbot-train --data data/ --epochs 5 --lr 3e-5 --early-stopping-patience 2
  chatbot-train --config quickstart
  chatbot-train doctor

Exit codes: 0 done; 1 unexpected error, or a loss above --fail-above-eval-loss; 2 usage; 3 data;
4 model; 5 device or memory; 6 diverged; 129, 130 or 143 interrupted, after saving a checkpoint.`;

export function chatbotTrain(): Command {
  const program = createProgram(
    {
      name: 'chatbot-train',
      description: 'Fine-tune DialoGPT and other GPT-2 models on your own conversations.',
      usage: '[options]\n       chatbot-train doctor [--json] [--verbose]',
      epilogue: EPILOGUE,
    },
    trainOptions,
  );
  program.action(async () => {
    const flags = givenFlags(program, trainOptions);
    refuseWords(program);
    const { trainCommand } = await import('./train.js');
    process.exitCode = await trainCommand(flags);
  });
  program.commandsGroup('Commands:').helpCommand(false);
  addDoctor(program);
  return program;
}

function addDoctor(program: Command): void {
  quietCommand(program.command('doctor'))
    .description('Show what this machine offers for training, what is missing, and how to get it.')
    .option('--json', 'Print the report as one line of JSON.')
    .option('--verbose', 'Also show where libraries are searched, and how the GPU computes matrix products.')
    .action(async (_: unknown, command: Command) => {
      const [word] = command.args;
      if (word !== undefined)
        throw new UserError(
          'argument-unexpected',
          `doctor does not take ${quoted(word)}; see chatbot-train doctor --help`,
        );
      const { doctorCommand } = await import('./doctor.js');
      // `--json` before the word doctor belongs to the root command.
      process.exitCode = await doctorCommand({
        json: command.optsWithGlobals().json === true,
        verbose: command.opts().verbose === true,
      });
    });
}

/** A word that belongs to no flag is a misspelt command, or a path without --data. */
function refuseWords(program: Command): void {
  const [word] = program.args;
  if (word === undefined) return;
  const near = nearest(
    word,
    program.commands.map((command) => command.name()),
  );
  const hint = near === undefined ? `to train on it, use --data ${word}` : `did you mean ${near}?`;
  throw new UserError('command-unknown', `${quoted(word)} is not a command; ${hint}`);
}
