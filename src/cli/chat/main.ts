#!/usr/bin/env node

// `chatbot-chat`: reads the command line and starts the conversation. Only what `--help` needs is imported here.

import type { Command } from 'commander';
import { chatOptions } from '../../config/chat-options.js';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import { givenFlags } from '../flags.js';
import { createProgram, runProgram } from '../program.js';

const EPILOGUE = `
In a terminal you type and the model replies. /help lists the commands, Ctrl+C stops a reply, Ctrl+D ends the program.

Without a terminal, each line of input is a message and each line of output its reply. All lines belong to one
conversation. A line break inside a reply is printed as a space (--json keeps it). Empty lines are skipped. The first
line that cannot be answered ends the program with an error.

Examples:
  chatbot-chat results/quickstart
  chatbot-chat microsoft/DialoGPT-medium --temperature 0.7 --top-p 0.95
  echo "Does money buy happiness?" | chatbot-chat results/mine
  chatbot-chat results/mine --prompt "Hi!" --json
  chatbot-chat --rules shop.db
  chatbot-chat results/mine --rules shop.db --rules bot.yaml --user ann
  chatbot-chat results/quickstart --mmi results/quickstart-reverse --candidates 16

Exit codes: 0 done; 1 unexpected error; 2 usage, or a message longer than the context; 3 input that is not UTF-8;
4 model; 5 device or memory; 130 or 143 interrupted.`;

function build(): Command {
  const program = createProgram(
    {
      name: 'chatbot-chat',
      description: 'Chat with a GPT-2 or DialoGPT model, such as one that chatbot-train wrote.',
      usage: '[model] [options]',
      epilogue: EPILOGUE,
    },
    chatOptions,
  );
  program.action(async () => {
    const flags = givenFlags(program, chatOptions);
    refuseFurtherWords(program);
    const { chatCommand } = await import('./command.js');
    process.exitCode = await chatCommand(flags);
  });
  return program;
}

/** A second word is a message without --prompt, or a name with a space and no quotes. */
function refuseFurtherWords(program: Command): void {
  const [, word] = program.args;
  if (word !== undefined)
    throw new UserError(
      'argument-unexpected',
      `${quoted(word)} is not expected after the model; give a message as --prompt "..."`,
    );
}

await runProgram(build());
