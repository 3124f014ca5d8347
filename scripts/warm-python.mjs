// Starts warm-python.py, and gives tests an executable that behaves like the named Python, but starts with torch imported.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('warm-python.py', import.meta.url));

/** @returns the path of the executable. The server ends with this process, and the executable is removed. */
export function startWarmPython(python) {
  const folder = mkdtempSync(join(tmpdir(), 'python-'));
  const socket = join(folder, 'socket');
  const server = spawn(python, [script, 'serve', socket], { stdio: ['pipe', 'ignore', 'ignore'] });
  server.on('error', () => {});
  // This process may end before the server does.
  server.unref();
  server.stdin.unref();
  const executable = join(folder, 'python');
  const command = [resolve(python), '-IS', script, socket].map((word) => `'${word}'`).join(' ');
  writeFileSync(executable, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return executable;
}
