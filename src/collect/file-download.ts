// Downloads one file. A download that stops continues later where it stopped, if the server still has the same file: a part is
// kept beside the file under a hidden name, with what the server said about its state. The file appears under its own name only
// when its checksum is right.

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { savingError, writeFileAtomic } from '../files/atomic.js';
import { formatBytes } from '../files/format-bytes.js';
import { makeFolder } from '../files/make-folder.js';
import { readText } from '../files/regular-file.js';
import { isRecord } from '../objects.js';
import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import { contentHash } from '../weights/hub-download.js';
import type { Fetch } from '../weights/hub-fetch.js';
import type { PublicFile } from './corpora.js';
import type { PageSource } from './page.js';
import { fetchFollowing } from './redirects.js';

export interface DownloadSource extends Pick<PageSource, 'wait' | 'deadline'> {
  readonly fetch: Fetch;
  /** Ends the download at once; what was received is kept. */
  readonly signal: AbortSignal;
  /** Seconds before each further attempt. An attempt that received bytes uses up none. */
  readonly retrySeconds: readonly number[];
  /** A connection that brings nothing for this many seconds is given up. */
  readonly silentSeconds: number;
  /** Most bytes of a file whose size is not known. */
  readonly mostBytes: number;
}

export const downloadLimits = {
  retrySeconds: [1, 5, 15],
  silentSeconds: 60,
  mostBytes: 20e9,
} as const satisfies Partial<DownloadSource>;

export interface DownloadWatcher {
  /** @param total null if the server does not say. */
  bytes(file: string, received: number, total: number | null): void;
  note(text: string): void;
}

/** Another attempt may succeed. */
class Interrupted extends Error {}

/** The part of a file that was received, and what the server said about the whole. */
interface Validators {
  readonly url: string;
  /** Null if the server gives neither an ETag nor a date. */
  readonly validator: string | null;
}

export class FileDownload {
  private readonly partial: string;
  private readonly notes: string;

  constructor(
    private readonly file: PublicFile,
    private readonly path: string,
    private readonly source: DownloadSource,
    private readonly watcher: DownloadWatcher,
  ) {
    this.partial = join(dirname(path), `.${basename(path)}.part`);
    this.notes = `${this.partial}.json`;
  }

  /** @throws UserError (usage) if another file has the name and must not be replaced. */
  async isThere(replace: boolean): Promise<boolean> {
    const { path, file } = this;
    if (!existsSync(path)) return false;
    const { size } = statSync(path);
    const isExpected =
      file.checksum === null || (await contentHash(path, { size, hash: file.checksum })) === file.checksum;
    if (isExpected) {
      this.watcher.bytes(file.path, size, size);
      return true;
    }
    if (replace) return false;
    throw new UserError(
      'output-exists',
      `${path} exists and is not the file of this corpus; name another folder, or add ${option('force')} to replace it`,
    );
  }

  async run(): Promise<void> {
    try {
      makeFolder(dirname(this.path));
      const isWhole = await this.receiveAll();
      // A part of an older state may have been continued. Then the whole file is right.
      if (!(await this.isRight()) && (isWhole || !(await this.receiveAgain()))) throw this.damaged();
      renameSync(this.partial, this.path);
      rmSync(this.notes, { force: true });
    } catch (thrown) {
      throw savingError(this.path, thrown);
    }
  }

  private async receiveAgain(): Promise<boolean> {
    this.startOver();
    await this.receiveAll();
    return this.isRight();
  }

  private async isRight(): Promise<boolean> {
    const { checksum } = this.file;
    const size = this.received;
    return checksum === null || (await contentHash(this.partial, { size, hash: checksum })) === checksum;
  }

  private damaged(): UserError {
    this.startOver();
    return new UserError(
      'corpus-download-failed',
      `${this.file.url} does not have the checksum that is known for it, so it was removed: its owner has replaced it, or it was changed on its way`,
    );
  }

  private get received(): number {
    return statSync(this.partial, { throwIfNoEntry: false })?.size ?? 0;
  }

  private startOver(): void {
    rmSync(this.partial, { force: true });
    rmSync(this.notes, { force: true });
  }

  /** @returns whether the file came in one piece. @throws UserError when no attempt succeeds. */
  private async receiveAll(): Promise<boolean> {
    const waits = [...this.source.retrySeconds];
    let isWhole = this.received === 0;
    for (;;) {
      const before = this.received;
      if (before > 0 && before === this.file.bytes) return isWhole;
      try {
        const started = await this.receive();
        return isWhole || started;
      } catch (thrown) {
        this.source.signal.throwIfAborted();
        if (!(thrown instanceof Interrupted)) throw thrown;
        isWhole = false;
        const seconds = this.received > before ? 0 : waits.shift();
        if (seconds === undefined)
          throw new UserError(
            'corpus-download-failed',
            `${this.file.url} stopped after ${formatBytes(this.received)} (${thrown.message}); run the command again to continue from there`,
            { cause: thrown },
          );
        await this.source.wait(seconds, this.source.signal);
      }
    }
  }

  /** Requests what is missing and appends it. @returns whether the file was received from its beginning. */
  private async receive(): Promise<boolean> {
    const { file, source } = this;
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    source.signal.addEventListener('abort', stop);
    try {
      const start = this.resumable();
      const known = start === 0 ? null : this.validators();
      const headers: Record<string, string> = { 'accept-encoding': 'identity' };
      if (start > 0) headers.range = `bytes=${start}-`;
      if (known !== null && known.validator !== null) headers['if-range'] = known.validator;
      const response = await this.withinTime(attempt, () => answerOf(file, headers, source, attempt.signal));
      const range = response.status === 206 ? rangeOf(response) : undefined;
      const continues = start > 0 && range?.start === start && isSameState(response, known);
      if (!continues && response.status !== 200) {
        await response.body?.cancel();
        this.startOver();
        throw new Interrupted('the server does not continue, so the download starts over');
      }
      if (!continues) this.begin(response);
      await this.append(response, continues ? (range?.total ?? null) : lengthOf(response), attempt);
      return !continues;
    } finally {
      source.signal.removeEventListener('abort', stop);
    }
  }

  /** Bytes that may be continued. A part that cannot be checked later is continued only if the server can tell its state. */
  private resumable(): number {
    const received = this.received;
    const known = this.validators();
    const isUsable =
      known?.url === this.file.url && (known.validator !== null || this.file.checksum !== null);
    if (received > 0 && !isUsable) this.startOver();
    return isUsable ? received : 0;
  }

  private validators(): Validators | null {
    if (!existsSync(this.notes)) return null;
    try {
      const notes: unknown = JSON.parse(readText(this.notes, 2 ** 16));
      if (!isRecord(notes) || typeof notes.url !== 'string') return null;
      return { url: notes.url, validator: typeof notes.validator === 'string' ? notes.validator : null };
    } catch {
      return null;
    }
  }

  private begin(response: Response): void {
    if (this.received > 0) truncateSync(this.partial, 0);
    const notes: Validators = { url: this.file.url, validator: validatorOf(response) };
    writeFileAtomic(this.notes, JSON.stringify(notes));
  }

  private async append(response: Response, total: number | null, attempt: AbortController): Promise<void> {
    const { file, source } = this;
    const most = file.bytes ?? Math.min(total ?? Number.POSITIVE_INFINITY, source.mostBytes);
    const reader = response.body?.getReader();
    const descriptor = openSync(this.partial, 'a');
    let received = this.received;
    try {
      for (;;) {
        const chunk = await this.withinTime(attempt, async () => reader?.read());
        if (chunk?.value === undefined) break;
        received += chunk.value.byteLength;
        if (received > most) {
          this.startOver();
          throw new UserError(
            'corpus-download-failed',
            `${file.url} sends more than the expected ${most} bytes; try again later`,
          );
        }
        for (let written = 0; written < chunk.value.byteLength; )
          written += writeSync(descriptor, chunk.value, written);
        this.watcher.bytes(file.path, received, file.bytes ?? total);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
      await reader?.cancel().catch(() => {});
    }
    if (received < (file.bytes ?? total ?? 0)) throw new Interrupted('the connection ended early');
  }

  /** @throws Interrupted if nothing comes in time or the connection breaks. */
  private async withinTime<Result>(attempt: AbortController, action: () => Promise<Result>): Promise<Result> {
    const { silentSeconds } = this.source;
    let isLate = false;
    const end = this.source.deadline(silentSeconds, () => {
      isLate = true;
      attempt.abort();
    });
    try {
      return await action();
    } catch (thrown) {
      if (isLate) throw new Interrupted(`nothing came for ${silentSeconds} s`);
      if (thrown instanceof UserError || thrown instanceof Interrupted) throw thrown;
      throw new Interrupted('the connection broke', { cause: thrown });
    } finally {
      end();
    }
  }
}

/** The size of a file, as its server says. Null if it does not say. */
export async function sizeAt(file: PublicFile, source: DownloadSource): Promise<number | null> {
  const response = await answerOf(file, { range: 'bytes=0-0' }, source, source.signal);
  await response.body?.cancel();
  const total = response.status === 206 ? rangeOf(response)?.total : lengthOf(response);
  return total ?? null;
}

const mostRedirects = 5;

/** A response with status 200 or 206. @throws UserError, or Interrupted if another attempt may succeed. */
async function answerOf(
  { url: address }: PublicFile,
  headers: Readonly<Record<string, string>>,
  { fetch }: DownloadSource,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(address);
  const answer = await fetchFollowing(fetch, url, { headers, signal }, mostRedirects, (next) =>
    url.protocol === 'https:' && next.protocol !== 'https:'
      ? 'a redirect to an address without encryption'
      : null,
  );
  if (!('response' in answer)) throw failed(address, answer.refusal);
  const { response } = answer;
  if (response.status === 200 || response.status === 206) return response;
  await response.body?.cancel();
  // The part is longer than the file is now.
  if (response.status === 416) return response;
  if (response.status >= 500 || response.status === 429) throw new Interrupted(`status ${response.status}`);
  throw failed(address, `status ${response.status}`);
}

function failed(address: string, reason: string): UserError {
  return new UserError(
    'corpus-download-failed',
    `${address} cannot be downloaded (${oneLine(reason)}); it may have moved: look for it with a browser`,
  );
}

/** What names the state of the file. A weak ETag does not name single bytes. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag');
  return etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
}

/** Some servers ignore If-Range. */
function isSameState(response: Response, known: Validators | null): boolean {
  const now = validatorOf(response);
  return now === null || known === null || known.validator === null || now === known.validator;
}

function lengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length');
  const isPlain = (headers.get('content-encoding') ?? 'identity') === 'identity';
  return isPlain && length !== null && /^\d+$/.test(length) ? Number(length) : null;
}

function rangeOf({
  headers,
}: Response): { readonly start: number; readonly total: number | null } | undefined {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  if (start === undefined) return undefined;
  return { start: Number(start), total: total === '*' ? null : Number(total) };
}
