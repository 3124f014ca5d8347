#!/usr/bin/env node

// `chatbot-data`: reads the command line and starts one command.

import { runProgram } from '../program.js';
import { chatbotData } from './commands.js';

await runProgram(chatbotData());
