// Finds a package that `npm install` put beside this one. Optional packages are loaded only when they are asked for. A package in
// the working folder is not used, because the working folder may come from another person.

import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { otherWriters } from './who-may-write.js';
import { liesInWorkingFolder } from './working-folder.js';

const require = createRequire(import.meta.url);
const ownFolder = resolve(fileURLToPath(new URL('../../../', import.meta.url)));

/** The main file of a package. Undefined if it is not installed. */
export function findPackage(name: string): string | undefined {
  const folder = (require.resolve.paths(name) ?? [])
    .map((each) => join(each, name))
    .find((each) => existsSync(join(each, 'package.json')) && isTrusted(each, name));
  if (folder === undefined) return undefined;
  try {
    return require.resolve(folder);
  } catch {
    // The package is incomplete. Loading this path fails with an error that names the folder.
    return join(folder, 'package.json');
  }
}

/** The folder in which `npm install` puts a package beside this one. */
export function installationFolder(): string {
  const [above = '', ...within] = ownFolder.split(`${sep}node_modules${sep}`);
  return within.length > 0 && existsSync(join(above, 'package.json')) ? above : ownFolder;
}

/** A package beside this one is trusted, because anyone who can write there can change this package too. */
function isTrusted(folder: string, name: string): boolean {
  // The name of a package has one or two parts.
  const installed = name.split('/').reduce((path) => dirname(path), folder);
  if (isAbsolute(folder) && `${ownFolder}${sep}`.startsWith(`${installed}${sep}`)) return true;
  if (installed === join(ownFolder, 'node_modules')) return true;
  return (
    isAbsolute(folder) && !liesInWorkingFolder(folder) && otherWriters(realpathSync(folder)) === undefined
  );
}
