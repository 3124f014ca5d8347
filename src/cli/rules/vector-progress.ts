// Says on stderr how far the vectors of known questions are, where that takes more than a moment.

import type { Streams } from '../data/reading.js';
import { count } from '../format.js';

/** @param quiet says nothing. */
export function vectorProgress({ stderr }: Streams, quiet = false): (done: number, all: number) => void {
  let said = 0;
  return (done, all) => {
    // In tenths, so that a log stays short.
    const tenth = Math.floor((10 * done) / all);
    if (quiet || all < 1000 || tenth === said) return;
    said = tenth;
    stderr.write(`vectors of ${count(done)} of ${count(all)} questions\n`);
  };
}
