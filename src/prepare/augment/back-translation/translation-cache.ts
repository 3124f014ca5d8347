// The translations of a run, in a hidden file beside its output, so that an interrupted run does not translate twice. Texts are
// in it only as hashes; translations are as private as the texts, so only the owner can read the file. It is removed when the
// output is in place.

import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, readSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppendFile } from '../../../files/append-file.js';
import { openRegularFile } from '../../../files/regular-file.js';
import type { Translator } from './translator.js';

/** A larger file is not read: the run translates anew. */
const mostBytes = 2 ** 29;

export function translationsPath(output: string): string {
  const path = resolve(output);
  return join(dirname(path), `.${basename(path)}.translations`);
}

export class TranslationCache {
  private readonly known = new Map<string, string>();
  private readonly path: string;
  private file: AppendFile | undefined;

  /** @param output the file or folder that the run will write. */
  constructor(output: string) {
    this.path = translationsPath(output);
    for (const line of existsSync(this.path) ? linesOf(this.path) : []) {
      // The last line may be cut off.
      const [, key, json] = /^([\w-]{24}) (".*")$/.exec(line) ?? [];
      const text = json === undefined ? undefined : parsed(json);
      if (key !== undefined && typeof text === 'string') this.known.set(key, text);
    }
  }

  /** Translations of an earlier run. */
  get size(): number {
    return this.known.size;
  }

  /**
   * Translates what is not known yet, each text once.
   * @returns as the translator does.
   */
  async translate(
    translator: Translator,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (string | null)[]> {
    const keys = texts.map((text) => keyOf(translator, text));
    const asked = new Map<string, string>();
    for (const [index, text] of texts.entries()) {
      const key = keys[index] ?? '';
      if (!this.known.has(key)) asked.set(key, text);
    }
    if (asked.size > 0) {
      const askedKeys = [...asked.keys()];
      const keep = (index: number, text: string) => this.add(askedKeys[index] ?? '', text);
      const answers = await translator.translate([...asked.values()], signal, keep);
      for (const [index, text] of answers.entries()) if (text !== null) keep(index, text);
    }
    return keys.map((key) => this.known.get(key) ?? null);
  }

  /** Keeps the file for the next run. */
  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  /** Call when the output is in place. */
  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  private add(key: string, text: string): void {
    if (this.known.has(key)) return;
    this.known.set(key, text);
    // A line that a crash has cut off ends here.
    const start = this.file === undefined && existsSync(this.path) ? '\n' : '';
    this.file ??= new AppendFile(this.path);
    this.file.append(Buffer.from(`${start}${key} ${JSON.stringify(text)}\n`));
  }
}

function keyOf(translator: Translator, text: string): string {
  const hash = createHash('sha256').update(`${translator.identity}\n${text}`).digest();
  return hash.subarray(0, 18).toString('base64url');
}

function linesOf(path: string): string[] {
  try {
    const descriptor = openRegularFile(path);
    try {
      const { size } = fstatSync(descriptor);
      if (size > mostBytes) return [];
      const bytes = Buffer.allocUnsafe(size);
      const read = readSync(descriptor, bytes, 0, size, 0);
      return bytes.toString('utf8', 0, read).split('\n');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return [];
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
