// Prevents programs and libraries in the working folder from being executed. That folder may come from a stranger: a clone,
// an unpacked archive, a shared folder. Its files are data. Relative paths in the environment are never used, because they
// would refer to the working folder. It does not know what is searched for.

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join, sep } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** A working folder that contains one of these is the system's or the user's own, not a stranger's. */
const systemFolders = ['/usr/bin', '/usr/lib', '/usr/local/bin', '/usr/local/lib', '/opt/homebrew/bin'];

/** Whether a path, with all links resolved, is the working folder or lies below it. */
export function liesInWorkingFolder(path: string): boolean {
  const folder = workingFolder();
  if (folder === undefined || !isWithin(real(path), folder)) return false;
  return ![...systemFolders, ...accountHome()].some((own) => isWithin(real(own), folder));
}

/** The absolute folders of a list such as PATH that are not in the working folder. */
export function searchedFolders(list: string | undefined): string[] {
  return (list ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && !liesInWorkingFolder(folder));
}

/** The entries of such a list that are not searched, except empty ones, which are never intended. */
export function ignoredFolders(list: string | undefined): string[] {
  const searched = new Set(searchedFolders(list));
  return (list ?? '').split(delimiter).filter((folder) => folder !== '' && !searched.has(folder));
}

/** The folders that the system searches when PATH is not set. */
const usualPath = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** PATH with only the searched entries, for programs that start other programs. */
export function searchedPath({ PATH }: Environment): string {
  return searchedFolders(PATH ?? usualPath).join(delimiter) || usualPath;
}

/** The absolute path of a program in the searched folders of PATH. @param name without a folder. */
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
    // The working folder was removed, so nothing is in it.
    return undefined;
  }
}

/** From the system's accounts and not from HOME, which a container may set to the project. */
function accountHome(): string[] {
  try {
    return [userInfo().homedir].filter(isAbsolute);
  } catch {
    // A container's user may have no account.
    return [];
  }
}

/** Resolves links as far as the path exists. */
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
