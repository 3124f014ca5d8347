// A clock that never goes back, and that all threads of the process read alike.

/** Milliseconds since some moment. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
