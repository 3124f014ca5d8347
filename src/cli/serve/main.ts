#!/usr/bin/env node

// `chatbot-serve`: reads the command line and starts the service. Only what `--help` needs is imported here.

import type { Command } from 'commander';
import { serveOptions } from '../../config/serve-options.js';
import { givenFlags } from '../flags.js';
import { createProgram, runProgram } from '../program.js';

const EPILOGUE = `
The service has a chat page at /, POST /chat, GET /v1/models, its description at /docs, and its health at /health.

Examples:
  chatbot-serve results/mine
  chatbot-serve results/mine --rules shop.db --rules bot.yaml
  chatbot-serve --rules shop.db --port 8080
  chatbot-serve --config configs/serve.example.yaml
  chatbot-serve results/mine --reload
  curl -X POST localhost:8000/chat -d '{"text": "Hi!"}'

SIGTERM and Ctrl+C stop it: running replies may end within --grace.

Exit codes: 0 stopped; 1 unexpected error; 2 usage; 4 model; 5 device, memory, disk or port.`;

function build(): Command {
  const program = createProgram(
    {
      name: 'chatbot-serve',
      description:
        'Serve a chatbot over HTTP: models, bots that answer from rules and what they learned, or both.',
      usage: '[models...] [options]',
      epilogue: EPILOGUE,
    },
    serveOptions,
  );
  program.action(async () => {
    const flags = givenFlags(program, serveOptions);
    const { serveCommand } = await import('./command.js');
    process.exitCode = await serveCommand(flags);
  });
  return program;
}

await runProgram(build());
