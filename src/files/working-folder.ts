// Keeps programs and libraries of the working folder from being run. That folder may be a stranger's: a clone, an
// unpacked archive, a folder that others share. What lies in it is data. Relative paths in the environment are never
// used, because they would mean the working folder. Knows nothing of what is searched for.

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join, sep } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** A working folder that holds one of these is the machine's or the user's own, and no stranger filled it. */
const systemFolders = ['/usr/bin', '/usr/lib', '/usr/local/bin', '/usr/local/lib', '/opt/homebrew/bin'];

/** Whether a path, with all links followed, is the working folder or lies below it. */
export function liesInWorkingFolder(path: string): boolean {
  const folder = workingFolder();
  if (folder === undefined || !isWithin(real(path), folder)) return false;
  return ![...systemFolders, ...accountHome()].some((own) => isWithin(real(own), folder));
}

/** The absolute folders of a list such as PATH that do not lie in the working folder. */
export function searchedFolders(list: string | undefined): string[] {
  return (list ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && !liesInWorkingFolder(folder));
}

/** The entries of such a list that are not searched, without the empty ones, which nobody means. */
export function ignoredFolders(list: string | undefined): string[] {
  const searched = new Set(searchedFolders(list));
  return (list ?? '').split(delimiter).filter((folder) => folder !== '' && !searched.has(folder));
}

/** What the system searches where PATH is not set. */
const usualPath = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** PATH with only those of its entries that are searched, for programs that look for others themselves. */
export function searchedPath({ PATH }: Environment): string {
  return searchedFolders(PATH ?? usualPath).join(delimiter) || usualPath;
}

/** The whole path of a program in the searched folders of PATH. @param name without a folder. */
export function findProgram(name: string, environment: Environment): string | undefined {
  return searchedPath(environment)
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => isExecutable(path) && !liesInWorkingFolder(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function workingFolder(): string | undefined {
  try {
    return realpathSync(process.cwd());
  } catch {
    // It was removed, so nothing lies in it.
    return undefined;
  }
}

/** By the system's accounts and not by HOME, which a container may set to the project. */
function accountHome(): string[] {
  try {
    return [userInfo().homedir].filter(isAbsolute);
  } catch {
    // A container's user need not have an account.
    return [];
  }
}

/** With links followed as far as the path exists. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(real(above), basename(path));
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
