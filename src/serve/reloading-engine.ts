// A model that is loaded again when its folder changes. The new one is loaded beside the old one; then new messages go to it, and the
// old one ends what it has begun. A folder that cannot be loaded, or is gone, changes nothing.

import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import type { Engine, Job, Piece } from './engine/engine.js';

export interface Reloading {
  /** Begins to load the model. */
  readonly open: () => Engine;
  /** Differs when the model has changed; null when there is none. */
  readonly fingerprint: () => string | null;
  readonly note: (text: string) => void;
  /** Milliseconds that the old model may take to end. */
  readonly patience: number;
}

export class ReloadingEngine implements Engine {
  private current: Engine;
  /** Of the model that was opened last. */
  private opened: string | null;
  /** Of the last look: a folder that is still being written changes between two of them. */
  private seen: string | null;
  private isBusy = false;
  private isEnding = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    readonly label: string,
    private readonly reloading: Reloading,
  ) {
    this.opened = reloading.fingerprint();
    this.seen = this.opened;
    this.current = reloading.open();
  }

  get state() {
    return this.current.state;
  }

  get load() {
    return this.current.load;
  }

  /** Looks at the folder now and then. */
  watch(milliseconds: number): this {
    this.timer = setInterval(() => void this.look(), milliseconds);
    this.timer.unref();
    return this;
  }

  /** Looks at the folder; resolves when a changed model has taken the old one's place. */
  async look(): Promise<void> {
    if (this.isBusy || this.isEnding) return;
    this.isBusy = true;
    try {
      const found = this.reloading.fingerprint();
      const isSettled = found === this.seen;
      this.seen = found;
      if (found !== null && isSettled && found !== this.opened) await this.exchange(found);
    } finally {
      this.isBusy = false;
    }
  }

  ready() {
    return this.current.ready();
  }

  generate(job: Job, show: (piece: Piece) => void, signal: AbortSignal) {
    return this.current.generate(job, show, signal);
  }

  score(...[prompt, continuation, fairness, signal]: Parameters<Engine['score']>) {
    return this.current.score(prompt, continuation, fairness, signal);
  }

  drain(milliseconds: number): Promise<void> {
    this.end();
    return this.current.drain(milliseconds);
  }

  close(): Promise<void> {
    this.end();
    return this.current.close();
  }

  private end(): void {
    this.isEnding = true;
    if (this.timer) clearInterval(this.timer);
  }

  private async exchange(found: string): Promise<void> {
    const { open, note, patience } = this.reloading;
    // A model that cannot be loaded is not tried again before it changes.
    this.opened = found;
    const next = open();
    try {
      await next.ready();
    } catch (thrown) {
      note(`${this.label} has changed, but the earlier model stays: ${messageOf(thrown)}`);
      await next.close();
      return;
    }
    if (this.isEnding) return next.close();
    const old = this.current;
    this.current = next;
    note(`${this.label} has changed, and was loaded again`);
    await old.drain(patience);
    await old.close();
  }
}

/** Of the files of a model folder: names, sizes, times. Null: there is no such folder. */
export function folderFingerprint(folder: string): string | null {
  try {
    const files = readdirSync(folder).filter((name) => /\.(?:json|safetensors|bin|txt)$/.test(name));
    const facts = files.sort().map((name) => {
      const { size, mtimeMs, ino } = statSync(join(folder, name));
      return [name, size, mtimeMs, ino];
    });
    return files.includes('config.json') ? JSON.stringify([realpathSync(folder), facts]) : null;
  } catch {
    return null;
  }
}
