// Finds the files of a corpus: the files that were named, and the files in the folders that were named. It does not read
// them. A named file is taken regardless of its extension; a file in a folder needs a known one.

import { existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../errors.js';
import { type CorpusFormat, knownFormats } from './formats.js';
import { cornellFiles } from './readers/cornell.js';
import { unreadable } from './text-file.js';

export interface CorpusFiles {
  readonly files: readonly CorpusFile[];
  /** Files in folders that have an unknown extension. */
  readonly skipped: readonly string[];
}

/** A file, or a folder of the Cornell corpus. */
export interface CorpusFile {
  readonly path: string;
  readonly kind: 'file' | 'cornell';
}

const jsonExtensions: readonly string[] = ['.json', '.jsonl', '.ndjson'];

/** The extensions that a file in a folder needs to be read. */
const extensions = {
  auto: [...jsonExtensions, '.tsv'],
  qa: jsonExtensions,
  turns: jsonExtensions,
  messages: jsonExtensions,
  tsv: ['.tsv'],
  cornell: [],
} as const satisfies Record<CorpusFormat | 'auto', readonly string[]>;

/**
 * Lists the files in the order of `paths`, and the files of a folder sorted by name. Lists no file twice.
 * @throws UserError (data) if a path is missing or a folder has no file to read.
 */
export function corpusFiles(paths: readonly string[], format: CorpusFormat | 'auto'): CorpusFiles {
  const search = new Search(format);
  for (const path of paths) search.visit(path);
  return search;
}

class Search implements CorpusFiles {
  readonly files: CorpusFile[] = [];
  readonly skipped: string[] = [];
  /** Real paths, so that links are followed but no file is read twice. */
  private readonly added = new Set<string>();
  /** By real path of a folder: whether it has a file to read. Also stops cycles of links. */
  private readonly searched = new Map<string, boolean>();

  constructor(private readonly format: CorpusFormat | 'auto') {}

  /** Adds a path that the user named. */
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
        : `${path} has ${wanted}, only ${names.join(', ')}; convert the files to ${knownFormats}, or name a single file to read it regardless of its extension`,
    );
  }

  /** Adds the files of a folder. @returns whether it has any file to read. */
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

/** Undefined for broken and circular links. */
function statsIfAny(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Sorted by UTF-16 code units, so that the order does not depend on the locale. */
function visibleNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
}
