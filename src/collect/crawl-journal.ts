// What a crawl has fetched so far, beside the file that it will write. A crawl that was interrupted reads it and fetches only
// the rest. A line that was cut off by a crash is ignored, and so is the journal of another crawl.

import { existsSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppendFile } from '../files/append-file.js';
import { readText } from '../files/regular-file.js';
import { isRecord } from '../objects.js';
import type { Pair } from './faq/question.js';

/** A page that was fetched, or why it gives nothing. */
export interface Visit {
  /** Where redirects led. */
  readonly url: string;
  readonly pairs: readonly Pair[];
  /** Addresses of the links, in order. */
  readonly links: readonly string[];
  /** Why the page was not read. */
  readonly refused?: string;
  /** What was left out of the page, by name. */
  readonly leftOut: Readonly<Record<string, number>>;
}

const mostBytes = 2 ** 28;
const version = 1;

export class CrawlJournal {
  private readonly visits = new Map<string, Visit>();
  private readonly path: string;
  private file: AppendFile | undefined;
  private hasPage = false;

  /** @param output the file that the crawl will write. @param start the first page. */
  constructor(output: string, start: string) {
    this.path = join(dirname(output), `.${basename(output)}.crawl`);
    const header = { version, start };
    const [first, ...lines] = existsSync(this.path) ? linesOf(this.path) : [];
    if (first !== undefined && JSON.stringify(header) === JSON.stringify(parsed(first)))
      for (const line of lines) this.take(parsed(line));
    else {
      rmSync(this.path, { force: true });
      this.write(header);
    }
  }

  /** Number of pages of an earlier crawl. */
  get size(): number {
    return this.visits.size;
  }

  visitOf(address: string): Visit | undefined {
    return this.visits.get(address);
  }

  add(address: string, visit: Visit): void {
    this.write({ address, visit });
    this.hasPage ||= visit.refused === undefined;
  }

  /** Keeps the journal for another run, if any page was read. */
  close(): void {
    this.file?.close();
    this.file = undefined;
    if (!this.hasPage) this.remove();
  }

  /** Call when the output is in place. */
  remove(): void {
    this.file?.close();
    this.file = undefined;
    rmSync(this.path, { force: true });
  }

  private write(entry: object): void {
    this.file ??= new AppendFile(this.path);
    this.file.append(Buffer.from(`${JSON.stringify(entry)}\n`));
  }

  private take(entry: unknown): void {
    if (!isRecord(entry) || typeof entry.address !== 'string' || !isVisit(entry.visit)) return;
    this.visits.set(entry.address, entry.visit);
    this.hasPage ||= entry.visit.refused === undefined;
  }
}

function linesOf(path: string): string[] {
  try {
    const lines = readText(path, mostBytes).split('\n');
    // The last line is empty, or it was cut off.
    return lines.slice(0, -1);
  } catch {
    return [];
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isVisit(value: unknown): value is Visit {
  return (
    isRecord(value) &&
    typeof value.url === 'string' &&
    Array.isArray(value.pairs) &&
    value.pairs.every(
      (pair) => isRecord(pair) && typeof pair.question === 'string' && typeof pair.answer === 'string',
    ) &&
    Array.isArray(value.links) &&
    value.links.every((link) => typeof link === 'string') &&
    (value.refused === undefined || typeof value.refused === 'string') &&
    isRecord(value.leftOut)
  );
}
