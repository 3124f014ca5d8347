// Runs the commands of its one argument (JSON: a list of argument vectors, and the folder to run them in) side by side,
// as many as there are cores. Their output goes to stderr; exits with 1 when one of them fails.

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const { commands: waiting, folder }: { commands: string[][]; folder: string } = JSON.parse(
  process.argv[2] ?? '{}',
);

function startNext(): void {
  const [program, ...rest] = waiting.shift() ?? [];
  if (program === undefined) return;
  const child = spawn(program, rest, { stdio: ['ignore', 2, 2], cwd: folder });
  child.on('error', (error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (status) => {
    if (status !== 0) process.exitCode = 1;
    startNext();
  });
}

for (let core = 0; core < availableParallelism(); core++) startNext();
