// Runs configs/quickstart.yaml. It renames the output folder of an earlier quickstart, and never overwrites it.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const output = join(root, 'results', 'quickstart');
if (existsSync(output)) {
  const when = statSync(output).mtime.toISOString().slice(0, 19).replaceAll(':', '-');
  renameSync(output, `${output}-${when}`);
  console.error(`the earlier quickstart is now results/quickstart-${when}`);
}
const command = [join(root, 'dist/src/cli/main.js'), '--config', 'quickstart', ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, command, { stdio: 'inherit', cwd: root });
process.exit(status ?? 1);
