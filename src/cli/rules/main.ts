#!/usr/bin/env node

// `chatbot-rules`: reads the command line and starts one command. Only what `--help` needs is imported here; a command
// imports the rest when it runs.

import type { Command } from 'commander';
import { rulesOptions } from '../../config/rules-options.js';
import { runProgram } from '../program.js';
import { addSubcommand, createProgramOfCommands } from '../subcommands.js';

const EPILOGUE = `
chatbot-rules COMMAND --help lists the options of a command.

Examples:
  chatbot-rules learn faq.csv --bot shop.db
  chatbot-rules ask "Do you deliver on Sundays?" --bot shop.db
  chatbot-chat --rules shop.db
  chatbot-rules test stories.yml --bot shop.db --bot bot.yaml
  chatbot-rules review --bot shop.db

Exit codes: 0 done; 1 unexpected error, or stories that fail; 2 usage; 3 data; 4 model; 5 device, memory or disk; 129, 130 or
143 interrupted.`;

function build(): Command {
  const program = createProgramOfCommands(
    'chatbot-rules',
    'Build a bot that answers from questions and answers, rules and memory, without a neural model or beside one.',
    EPILOGUE,
  );
  addSubcommand(program, {
    name: 'learn',
    description: 'Learn questions and answers from files, and keep them in the bot.',
    table: rulesOptions.learn,
    epilogue: `
What is learned again counts again, and is kept once. All files are read before anything is kept.

Examples:
  chatbot-rules learn faq.csv --bot shop.db
  chatbot-rules learn chats/ --learn Ann --bot postgres://localhost/shop
  chatbot-rules learn faq.csv --bot shop.db --embedder http://localhost:11434/v1 --embedder-model all-minilm`,
    start: async (given) => (await import('./learn.js')).learnCommand(given),
  });
  addSubcommand(program, {
    name: 'remove',
    description: 'Forget what was learned from files.',
    table: rulesOptions.remove,
    epilogue: `
Example:
  chatbot-rules remove faq.csv --bot shop.db`,
    start: async (given) => (await import('./remove.js')).removeCommand(given),
  });
  addSubcommand(program, {
    name: 'ask',
    description: 'Ask the bot a question, and show where its answer comes from.',
    table: rulesOptions.ask,
    epilogue: `
Nothing is remembered about the question.

Examples:
  chatbot-rules ask "Do you deliver on Sundays?" --bot shop.db
  chatbot-rules ask "What is 3 plus 5?" --bot bot.yaml --json
  chatbot-rules ask "Can I get my parcel at the weekend?" --bot shop.db --embedder models/all-MiniLM-L6-v2`,
    start: async (given) => (await import('./ask.js')).askCommand(given),
  });
  addSubcommand(program, {
    name: 'test',
    description: 'Tell test stories to the bot, and check its answers.',
    table: rulesOptions.test,
    epilogue: `
Exit code 1 says that a story failed. The bot's store is only read.

Examples:
  chatbot-rules test stories.yml --bot shop.db
  chatbot-rules test tests/ --bot bot.yaml --junit results.xml`,
    start: async (given) => (await import('./test.js')).testCommand(given),
  });
  addSubcommand(program, {
    name: 'validate',
    description:
      'Look for mistakes: rules that contradict each other or are never reached, answers that differ.',
    table: rulesOptions.validate,
    epilogue: `
Exit code 1 says that something was found.

Example:
  chatbot-rules validate --bot bot.yaml --bot shop.db`,
    start: async (given) => (await import('./validate.js')).validateCommand(given),
  });
  addSubcommand(program, {
    name: 'review',
    description: 'Decide on questions without a good answer, the most asked first.',
    table: rulesOptions.review,
    epilogue: `
Without --list, --accept and --reject, each question is shown, and the answer is typed. An accepted answer is given at once.

Examples:
  chatbot-rules review --bot shop.db
  chatbot-rules review --bot shop.db --list --json
  chatbot-rules review --bot shop.db --accept 17 --answer "On weekdays from 9 to 6."`,
    start: async (given) => (await import('./review.js')).reviewCommand(given),
  });
  addSubcommand(program, {
    name: 'export',
    description: 'Write what the bot knows to a file.',
    table: rulesOptions.export,
    epilogue: `
Examples:
  chatbot-rules export --bot shop.db --out learned.jsonl
  chatbot-rules export --bot shop.db --to csv > faq.csv`,
    start: async (given) => (await import('./export.js')).exportCommand(given),
  });
  addSubcommand(program, {
    name: 'stats',
    description: 'Show how much the bot knows, and from which files.',
    table: rulesOptions.stats,
    epilogue: `
Example:
  chatbot-rules stats --bot shop.db`,
    start: async (given) => (await import('./stats.js')).statsCommand(given),
  });
  addSubcommand(program, {
    name: 'tune',
    description:
      'Choose the thresholds of a bot from questions in other words, and show precision and recall.',
    table: rulesOptions.tune,
    epilogue: `
Add questions that should get no answer, with any text as their answer: they count as wrong when they are answered.

Example:
  chatbot-rules tune paraphrases.csv --bot shop.db`,
    start: async (given) => (await import('./tune.js')).tuneCommand(given),
  });
  addSubcommand(program, {
    name: 'retrain',
    description:
      'Train a model further on the answers that were accepted, and take the new one only if it is no worse.',
    table: rulesOptions.retrain,
    epilogue: `
The answers are learned together with some of what the model knows (--replay). Both models are then measured on what the old one
was evaluated on, and on answers that were held out. Exit code 1 says that the new one is worse: the old one stays.

Examples:
  chatbot-rules retrain results/mine --bot shop.db --replay corpus/ --output-dir results/v2
  chatbot-rules retrain results/mine --bot shop.db --eval-data held-out.jsonl --output-dir results/v2`,
    start: async (given) => (await import('./retrain.js')).retrainCommand(given),
  });
  return program;
}

await runProgram(build());
