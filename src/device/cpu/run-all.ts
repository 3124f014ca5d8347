// Runs commands in parallel, as many at a time as there are cores. The only argument is JSON: a list of argument vectors,
// and the folder to run them in. All output goes to stderr. The exit status is 1 if a command fails.

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const { commands: queue, folder }: { commands: string[][]; folder: string } = JSON.parse(
  process.argv[2] ?? '{}',
);

function startNext(): void {
  const [program, ...rest] = queue.shift() ?? [];
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
