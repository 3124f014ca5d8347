#!/usr/bin/env node

// `chatbot-train`: reads the command line and starts one command.

import { chatbotTrain } from './commands.js';
import { runProgram } from './program.js';

await runProgram(chatbotTrain());
