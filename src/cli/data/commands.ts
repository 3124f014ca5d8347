// The commands of `chatbot-data` and their options. Only what `--help` needs is imported here; a command imports the rest when it
// runs.

import type { Command } from 'commander';
import { augmentOptions } from '../../config/augment-options.js';
import { explainOptions, forgetOptions } from '../../config/corpus-options.js';
import {
  convertOptions,
  crawlOptions,
  downloadOptions,
  inspectOptions,
  speakersOptions,
  tokensOptions,
} from '../../config/data-options.js';
import { filterOptions } from '../../config/filter-options.js';
import { prepareOptions } from '../../config/prepare-options.js';
import { addSubcommand, createProgramOfCommands } from '../subcommands.js';

const EPILOGUE = `
chatbot-data COMMAND --help lists the options of a command.

Examples:
  chatbot-data inspect chats/
  chatbot-data speakers "WhatsApp Chat - Ann.zip"
  chatbot-data convert chats/ --learn Ann --out ann.jsonl
  chatbot-data prepare chats/ --out corpus/
  chatbot-data crawl https://shop.example/faq --out faq.jsonl
  chatbot-data download
  chatbot-data download cornell --yes

Exit codes: 0 done; 1 unexpected error; 2 usage; 3 data; 4 model; 5 device, memory or disk; 129, 130 or 143 interrupted.`;

export function chatbotData(): Command {
  const program = createProgramOfCommands(
    'chatbot-data',
    'Find, inspect, convert and prepare conversations to train a chatbot on.',
    EPILOGUE,
  );
  addSubcommand(program, {
    name: 'inspect',
    description:
      'Show what conversations hold: formats, speakers, lengths, languages, times, and what cannot be used.',
    table: inspectOptions,
    epilogue: `
Without --model, lengths are in words. Languages are judged by dialogue.

Examples:
  chatbot-data inspect chats/
  chatbot-data inspect export.zip --model microsoft/DialoGPT-small --json
  chatbot-data inspect chats/ --html report.html
  chatbot-data inspect corpus/ --suspicious results/mine`,
    start: async (given) => (await import('./inspect.js')).inspectCommand(given),
  });
  addSubcommand(program, {
    name: 'speakers',
    description: 'Show who speaks how much, so that one can be chosen to learn from.',
    table: speakersOptions,
    epilogue: `
Replies are the turns that answer somebody; the share is that of all replies.

Example:
  chatbot-data speakers "WhatsApp Chat - Ann.zip"`,
    start: async (given) => (await import('./speakers.js')).speakersCommand(given),
  });
  addSubcommand(program, {
    name: 'convert',
    description: 'Write conversations of any format as JSON lines of messages.',
    table: convertOptions,
    epilogue: `
Reading the result gives the same dialogues and learns the same turns: what is not learned has "weight": 0.

Examples:
  chatbot-data convert faq.yml > faq.jsonl
  chatbot-data convert chats/ --learn Ann --out ann.jsonl`,
    start: async (given) => (await import('./convert.js')).convertCommand(given),
  });
  addSubcommand(program, {
    name: 'prepare',
    description:
      'Make a corpus worth training on: clean conversations, drop duplicates, set some aside for evaluation.',
    table: prepareOptions,
    epilogue: `
The corpus is a folder: train.jsonl.gz, eval.jsonl.gz, rejected.jsonl and manifest.json. chatbot-train reads it.
A run that is interrupted continues when the same command runs again. With --force, only new and changed sources are read.

Examples:
  chatbot-data prepare faq.csv chats/ --out corpus/
  chatbot-data prepare chats/ --out corpus/ --tokenizer microsoft/DialoGPT-small
  chatbot-data prepare chats/* --redact pii --out corpus/ --force
  chatbot-train --data corpus/`,
    start: async (given) => (await import('./prepare.js')).prepareCommand(given),
  });
  addSubcommand(program, {
    name: 'augment',
    description:
      'Add dialogues to the training part of a prepared corpus: variants of its own, and new ones from templates.',
    table: augmentOptions,
    epilogue: `
Added dialogues are marked, and are never evaluated on.

Examples:
  chatbot-data augment corpus/ --templates configs/templates.example.yaml --out augmented/
  chatbot-data augment corpus/ --back-translate eng-spa --translate-command 'apertium -u {from}-{to}' --out augmented/`,
    start: async (given) => (await import('./augment.js')).augmentCommand(given),
  });
  addSubcommand(program, {
    name: 'tokens',
    description: 'Add the tokens of a model to prepared corpora, so that training on them starts at once.',
    table: tokensOptions,
    epilogue: `
Tokens that a corpus already has are replaced. Training with another model reads the text, as without tokens.

Example:
  chatbot-data tokens corpus/ --tokenizer microsoft/DialoGPT-small`,
    start: async (given) => (await import('./tokens.js')).tokensCommand(given),
  });
  addSubcommand(program, {
    name: 'explain',
    description:
      'Show what became of a dialogue of a prepared corpus: its source, each rule that touched it, and why.',
    table: explainOptions,
    epilogue: `
The source is read again, so texts between two rules are shown only if it has not changed. What was redacted stays redacted.

Examples:
  chatbot-data explain corpus/ 5f0c6a1b
  chatbot-data explain corpus/ --text "opening hours"`,
    start: async (given) => (await import('./explain.js')).explainCommand(given),
  });
  addSubcommand(program, {
    name: 'forget',
    description: 'Take people out of a prepared corpus, and name the models that were trained on it.',
    table: forgetOptions,
    epilogue: `
What others say about the person stays. Who is forgotten stays forgotten when the corpus is prepared again with --force.

Examples:
  chatbot-data forget corpus/ --speaker "Bob" --dry-run
  chatbot-data forget corpus/ --speaker "Bob" --models results/`,
    start: async (given) => (await import('./forget.js')).forgetCommand(given),
  });
  addSubcommand(program, {
    name: 'train-filter',
    description: 'Train a filter of unsafe texts on texts with labels, for prepare --drop-unsafe.',
    table: filterOptions,
    epilogue: `
A tenth of the texts is set aside to measure precision and recall.

Example:
  chatbot-data train-filter labelled.jsonl --out filter.json
  chatbot-data prepare chats/ --drop-unsafe --unsafe-filter filter.json --out corpus/`,
    start: async (given) => (await import('./train-filter.js')).trainFilterCommand(given),
  });
  addSubcommand(program, {
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
  addSubcommand(program, {
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
