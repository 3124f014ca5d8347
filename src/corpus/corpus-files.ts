// Which files a corpus is: those that were named, and those found in the folders that were named.

import { type Dirent, existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../errors.js';
import { type CorpusFormat, knownFormats } from './formats.js';
import { cornellFiles } from './readers/cornell.js';
import { unreadable } from './text-file.js';

export interface CorpusFiles {
  readonly files: readonly CorpusFile[];
  /** Files in folders that are of no known kind. */
  readonly skipped: readonly string[];
}

/** A file, or a folder of the Cornell corpus. */
export interface CorpusFile {
  readonly path: string;
  readonly kind: 'file' | 'cornell';
}

const jsonExtensions: readonly string[] = ['.json', '.jsonl', '.ndjson'];

/** What a file in a folder must be called to be read. */
const extensions = {
  auto: [...jsonExtensions, '.tsv'],
  qa: jsonExtensions,
  turns: jsonExtensions,
  messages: jsonExtensions,
  tsv: ['.tsv'],
  cornell: [],
} as const satisfies Record<CorpusFormat | 'auto', readonly string[]>;

/**
 * In the order of `paths`, folders sorted by name; nothing twice.
 * @throws UserError (data) when a path is missing or a folder has nothing to read.
 */
export function corpusFiles(paths: readonly string[], format: CorpusFormat | 'auto'): CorpusFiles {
  const search = new Search(format);
  for (const path of paths) search.visit(path);
  return search;
}

class Search implements CorpusFiles {
  readonly files: CorpusFile[] = [];
  readonly skipped: string[] = [];
  private readonly searched = new Set<string>();
  private readonly added = new Set<string>();

  constructor(private readonly format: CorpusFormat | 'auto') {}

  /** A path that a person gave. */
  visit(path: string): void {
    if (!statsOf(path).isDirectory()) {
      const ofCornell = this.format === 'cornell' || (this.format === 'auto' && isCornellFile(path));
      this.add(ofCornell ? { path: dirname(path), kind: 'cornell' } : { path, kind: 'file' });
      return;
    }
    isNew(path, this.searched);
    const skippedBefore = this.skipped.length;
    if (this.format === 'cornell' || this.searchFolder(path) > 0) {
      if (this.format === 'cornell') this.add({ path, kind: 'cornell' });
      return;
    }
    const skipped = this.skipped.slice(skippedBefore, skippedBefore + 5).map((file) => basename(file));
    throw new UserError(
      'data',
      `${path} holds no file that can be read: expected ${extensions[this.format].join(', ')}, found ${skipped.join(', ') || 'none'}; convert them to ${knownFormats}, or name a file to have it read whatever it is called`,
    );
  }

  /** @returns how many files there were to read, those that were known already included. */
  private searchFolder(folder: string): number {
    const entries = entriesOf(folder).filter(({ name }) => !name.startsWith('.'));
    const names = new Set(entries.map(({ name }) => name));
    const cornell = this.format === 'auto' && Object.values(cornellFiles).every((name) => names.has(name));
    if (cornell) this.add({ path: folder, kind: 'cornell' });
    let found = cornell ? 1 : 0;
    for (const { name } of entries) {
      const path = join(folder, name);
      if (cornell && isCornellFile(path)) continue;
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory()) found += isNew(path, this.searched) ? this.searchFolder(path) : 0;
      else if (stats?.isFile() && this.hasKnownExtension(name)) {
        this.add({ path, kind: 'file' });
        found++;
      } else this.skipped.push(path);
    }
    return found;
  }

  private hasKnownExtension(name: string): boolean {
    const known: readonly string[] = extensions[this.format];
    return known.includes(extname(name).toLowerCase());
  }

  private add(file: CorpusFile): void {
    if (isNew(file.path, this.added)) this.files.push(file);
  }
}

/** Adds the path to `known`. Links are followed, but nothing is read twice and no circle is run in. */
function isNew(path: string, known: Set<string>): boolean {
  const real = realpathSync(path);
  if (known.has(real)) return false;
  known.add(real);
  return true;
}

function isCornellFile(path: string): boolean {
  const name = basename(path);
  return (
    (name === cornellFiles.lines || name === cornellFiles.conversations) &&
    Object.values(cornellFiles).every((file) => existsSync(join(dirname(path), file)))
  );
}

function statsOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
}
