#!/usr/bin/env node

// `chatbot-chat`: reads the command line and starts the conversation. Only what `--help` needs is imported here.

import type { Command } from 'commander';
import { chatOptions } from '../../config/chat-options.js';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import { givenFlags } from '../flags.js';
import { createProgram, runProgram } from '../program.js';

const EPILOGUE = `
In a terminal you type and the model answers; /help lists what else you can type, Ctrl+C stops a reply, Ctrl+D leaves.

Without a terminal every line of input is a message, and its reply is one line of output. It is one conversation: the
model has read the lines before. A line break inside a reply is printed as a space (--json keeps it), a line without
words is skipped, and the first line that cannot be answered ends the program with an error.

Examples:
  chatbot-chat results/quickstart
  chatbot-chat microsoft/DialoGPT-medium --temperature 0.7 --top-p 0.95
  echo "Does money buy happiness?" | chatbot-chat results/mine
  chatbot-chat results/mine --prompt "Hi!" --json
  chatbot-chat results/quickstart --mmi results/quickstart-reverse --candidates 16

Exit codes: 0 done; 1 unexpected error; 2 flags, or a message longer than the model can read; 3 input that is not UTF-8;
4 model; 5 device or memory; 130 or 143 interrupted.`;

function build(): Command {
  const program = createProgram(
    {
      name: 'chatbot-chat',
      description: 'Talks with a GPT-2 or DialoGPT model, such as chatbot-train leaves.',
      usage: '<model> [options]',
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

/** Whoever gives a second word wants to say something, or has forgotten quotes. */
function refuseFurtherWords(program: Command): void {
  const [, word] = program.args;
  if (word !== undefined)
    throw new UserError(
      'argument-unexpected',
      `${quoted(word)} is one word too many after the model; a message is given as --prompt "..."`,
    );
}

await runProgram(build());
