// Starts the check of a real GPU (bench/gpu-check/run.ts). The machine needs no npm: the built dist/ and node_modules/ are
// enough.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/bench/gpu-check/run.js', import.meta.url));
if (!existsSync(program)) {
  console.error(
    'dist/ is not built: run npm run build, or copy dist/ and node_modules/ from a machine where it is built',
  );
  process.exit(1);
}
const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
