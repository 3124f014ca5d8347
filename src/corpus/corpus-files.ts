// Which files a corpus is: those that were named, and those found in the folders that were named.

import { existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
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
  /** By real path, so that links are followed, but nothing is read twice and no circle is run in. */
  private readonly added = new Set<string>();
  /** Folders gone through, by real path, and whether there was anything to read. */
  private readonly searched = new Map<string, boolean>();

  constructor(private readonly format: CorpusFormat | 'auto') {}

  /** A path that a person gave. */
  visit(path: string): void {
    if (!statsOf(path).isDirectory()) {
      const ofCornell = this.format === 'cornell' || (this.format === 'auto' && isCornellFile(path));
      this.add(ofCornell ? { path: dirname(path), kind: 'cornell' } : { path, kind: 'file' });
      return;
    }
    if (this.format === 'cornell') {
      this.add({ path, kind: 'cornell' });
      return;
    }
    const skippedBefore = this.skipped.length;
    if (this.hasFiles(path)) return;
    const names = this.skipped.slice(skippedBefore, skippedBefore + 5).map((file) => basename(file));
    const wanted = `no file that ends in ${extensions[this.format].join(', ')}`;
    throw new UserError(
      'corpus-format-unknown',
      names.length === 0
        ? `${path} has ${wanted}; put conversations in it, or name another folder`
        : `${path} has ${wanted}, only ${names.join(', ')}; convert them to ${knownFormats}, or name a file itself to have it read whatever its ending`,
    );
  }

  /** Adds what a folder has to read. @returns whether that is anything. */
  private hasFiles(folder: string): boolean {
    const real = realpathSync(folder);
    const known = this.searched.get(real);
    if (known !== undefined) return known;
    this.searched.set(real, false);
    const found = this.searchEntries(folder);
    this.searched.set(real, found);
    return found;
  }

  private searchEntries(folder: string): boolean {
    const names = visibleNames(folder);
    const cornell =
      this.format === 'auto' && Object.values(cornellFiles).every((name) => names.includes(name));
    if (cornell) this.add({ path: folder, kind: 'cornell' });
    let found = cornell;
    for (const name of names) {
      const path = join(folder, name);
      if (cornell && isCornellFile(path)) continue;
      const stats = statsIfAny(path);
      if (stats?.isDirectory()) found = this.hasFiles(path) || found;
      else if (stats?.isFile() && this.hasKnownExtension(name)) {
        this.add({ path, kind: 'file' });
        found = true;
      } else this.skipped.push(path);
    }
    return found;
  }

  private hasKnownExtension(name: string): boolean {
    const known: readonly string[] = extensions[this.format];
    return known.includes(extname(name).toLowerCase());
  }

  private add(file: CorpusFile): void {
    const real = realpathSync(file.path);
    if (!this.added.has(real)) this.files.push(file);
    this.added.add(real);
  }
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

/** Links that lead nowhere, or round in a circle, have none. */
function statsIfAny(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Sorted by code units, the same everywhere. */
function visibleNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
}
