// Starts the check of a real GPU (bench/gpu-check/run.ts), on a machine that need not have npm: the built dist/ and
// node_modules/ are enough.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/bench/gpu-check/run.js', import.meta.url));
if (!existsSync(program)) {
  console.error(
    'dist/ is not built: npm run build, or bring dist/ and node_modules/ from a machine where it is',
  );
  process.exit(1);
}
const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
