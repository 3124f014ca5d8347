// Finds the files of a corpus: the files that were named, and all files in the folders and zip archives that were named.
// Files that belong together are one item. It does not read texts.

import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { isZip, membersOf } from './archive.js';
import type { Folder, FolderReader } from './reader.js';
import { folderReaders } from './readers.js';
import { diskSource, type SeeBytes, type Source, unreadable } from './source.js';
import type { SkippedFile } from './summary.js';

/** Something to read. A `named` file was given by the user; others were found in a folder or an archive. */
export type Item =
  | { readonly kind: 'file'; readonly source: Source; readonly named: boolean }
  | { readonly kind: 'folder'; readonly folder: Folder; readonly reader: FolderReader };

export interface FoundFiles {
  readonly items: readonly Item[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Lists the items in the order of `paths`. The files of a folder are sorted by name. No file is listed twice.
 * @param format `auto`, or the name of a format. @param seen is told while files are read.
 * @throws UserError (data) if a path is missing or an archive cannot be opened.
 */
export function foundFiles(paths: readonly string[], format: string, seen?: SeeBytes): FoundFiles {
  const search = new Search(readersOf(format), seen);
  for (const path of paths) search.visit(path);
  return search;
}

/**
 * The other files that are read together with a file if people name it, such as movie_lines.txt with movie_conversations.txt.
 * @throws UserError (data) if the file or its folder cannot be read.
 */
export function siblingsOf(path: string, format: string): readonly string[] {
  if (statsOf(path).isDirectory() || isZip(path)) return [];
  const names = claimWith(path, readersOf(format))?.names ?? [];
  return names.filter((name) => name !== basename(path)).map((name) => join(dirname(path), name));
}

function readersOf(format: string): readonly FolderReader[] {
  return folderReaders.filter((reader) => format === 'auto' || reader.format === format);
}

/** What is read if people name one of several files that a folder reader reads together. */
function claimWith(
  path: string,
  readers: readonly FolderReader[],
): { readonly reader: FolderReader; readonly names: readonly string[] } | undefined {
  const names = readers.length > 0 ? visibleNames(dirname(path)) : [];
  const reader = readers.find((candidate) => candidate.claims(names).includes(basename(path)));
  return reader && !reader.hasWholeFiles ? { reader, names: reader.claims(names) } : undefined;
}

class Search implements FoundFiles {
  readonly items: Item[] = [];
  readonly skipped: SkippedFile[] = [];
  /** Real paths, so that links are followed but no file is read twice. */
  private readonly listed = new Set<string>();

  constructor(
    private readonly readers: readonly FolderReader[],
    private readonly seen: SeeBytes | undefined,
  ) {}

  /** Adds a path that the user named. */
  visit(path: string): void {
    if (statsOf(path).isDirectory()) this.addFolder(path, this.filesBelow(path));
    else if (isZip(path)) this.addArchive(path);
    else if (!this.addWithSiblings(path))
      this.addFile({ kind: 'file', source: diskSource(path, this.seen), named: true });
  }

  /** A named file can be one of several that a folder reader reads together. @returns whether it is. */
  private addWithSiblings(path: string): boolean {
    const claim = claimWith(path, this.readers);
    if (!claim) return false;
    const folder = dirname(path);
    const files = claim.names.map((name) => [name, diskSource(join(folder, name), this.seen)] as const);
    this.addClaimed(claim.reader, folder, new Map(files));
    return true;
  }

  private addFile(item: Item & { kind: 'file' }): void {
    if (this.isNew(item.source.path)) this.items.push(item);
  }

  private isNew(path: string): boolean {
    const real = realPath(path);
    if (this.listed.has(real)) return false;
    this.listed.add(real);
    return true;
  }

  private addArchive(path: string): void {
    if (!this.isNew(path)) return;
    const { files, links } = membersOf(path);
    this.skipped.push(...links.map((link) => ({ path: link, reason: 'a link in an archive' })));
    this.addFolder(path, files);
  }

  /** @param files by their path in the folder. */
  private addFolder(path: string, files: ReadonlyMap<string, Source>): void {
    const left = new Map(files);
    for (const below of foldersOf(files))
      for (const reader of this.readers) {
        const names = [...left.keys()]
          .filter((name) => name.startsWith(below))
          .map((name) => name.slice(below.length));
        const claimed = reader.claims(names);
        if (claimed.length === 0) continue;
        const taken = new Map<string, Source>();
        for (const name of claimed) {
          const source = left.get(below + name);
          if (source) taken.set(name, source);
          left.delete(below + name);
        }
        this.addClaimed(
          reader,
          below === '' ? path : `${path}${path.endsWith(sep) ? '' : '/'}${below.slice(0, -1)}`,
          taken,
        );
      }
    for (const source of left.values())
      if (this.isArchiveOnDisk(source)) this.addArchive(source.path);
      else this.addFile({ kind: 'file', source, named: false });
  }

  private addClaimed(reader: FolderReader, path: string, files: ReadonlyMap<string, Source>): void {
    const isNew = [...files.values()].filter((source) => this.isNew(source.path)).length > 0;
    if (isNew) this.items.push({ kind: 'folder', folder: { path, files }, reader });
  }

  private isArchiveOnDisk({ path }: Source): boolean {
    return statsIfAny(path)?.isFile() === true && isZip(path);
  }

  /** All visible files below a folder by their path in it, in the order of a sorted walk. */
  private filesBelow(root: string): Map<string, Source> {
    const files = new Map<string, Source>();
    const visited = new Set<string>();
    const walk = (folder: string) => {
      const real = realpathSync(folder);
      if (visited.has(real)) return;
      visited.add(real);
      for (const name of visibleNames(folder)) {
        const path = join(folder, name);
        const stats = statsIfAny(path);
        if (stats?.isDirectory()) walk(path);
        else if (stats?.isFile())
          files.set(relative(root, path).split(sep).join('/'), diskSource(path, this.seen));
        else this.skipped.push({ path, reason: stats ? 'neither a file nor a folder' : 'a broken link' });
      }
    };
    walk(root);
    return files;
  }
}

/** The folders that hold files, each with a slash at its end, and the root as an empty string. Outer ones come first. */
function foldersOf(files: ReadonlyMap<string, unknown>): string[] {
  const folders = new Set(['']);
  for (const name of files.keys())
    for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1))
      folders.add(name.slice(0, slash + 1));
  const depth = (folder: string) => folder.split('/').length;
  return [...folders].sort((one, other) => depth(one) - depth(other));
}

/** The path itself for a member of an archive. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
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
