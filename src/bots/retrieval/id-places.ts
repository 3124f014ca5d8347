// The places of ids. Most ids of a database are small and close together: those lie in an array. A map of a million entries would
// be slow to fill, and slows every garbage collection down.

import { grown } from './text-column.js';

/** The array has room for at most so many ids for each that is there. */
const sparse = 4;

export class IdPlaces {
  /** By id: its place + 1; 0 for none. */
  private near = new Int32Array(1024);
  private readonly far = new Map<number, number>();
  private count = 0;

  /** The number of ids. */
  get size(): number {
    return this.count;
  }

  /** @param id one that is not there. */
  add(id: number, place: number): void {
    this.count++;
    if (id >= sparse * (this.count + 256)) {
      this.far.set(id, place);
      return;
    }
    while (id >= this.near.length) this.near = grown(this.near);
    this.near[id] = place + 1;
  }

  /** @returns -1 for an id that is not there. */
  get(id: number): number {
    const near = this.near[id] ?? 0;
    return near > 0 ? near - 1 : (this.far.get(id) ?? -1);
  }

  delete(id: number): void {
    if (this.get(id) < 0) return;
    this.count--;
    if (!this.far.delete(id)) this.near[id] = 0;
  }
}
