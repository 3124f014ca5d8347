// What ptxas -v prints of kernels, as numbers.

export interface Resources {
  readonly registers: number;
  /** Of local memory a thread: arrays that are not in registers, and spills. */
  readonly stackBytes: number;
  /** What did not fit into registers: bytes stored, in the kernel and what it calls. */
  readonly spillBytes: number;
  readonly sharedBytes: number;
}

/** By kernel. */
export function resourcesOf(log: string): Record<string, Resources> {
  const [, ...parts] = log.split(/^ptxas info +: Compiling entry function '/m);
  return Object.fromEntries(
    parts.map((part) => [
      part.slice(0, part.indexOf("'")),
      {
        registers: largest(part, /Used (\d+) registers/g),
        stackBytes: largest(part, /(\d+) bytes stack frame/g),
        spillBytes: largest(part, /(\d+) bytes spill stores/g),
        sharedBytes: largest(part, /(\d+) bytes smem/g),
      },
    ]),
  );
}

/** What CUDA 12 says whenever it compiles for Volta. */
const deprecated = /^nvrtc: warning: Architectures prior to .* are deprecated/;

/** Lines that are not ptxas' figures: warnings. */
export function complaintsOf(log: string): string {
  return log
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^ptxas +(info +:|\.)/.test(line) && !deprecated.test(line))
    .join('\n');
}

function largest(text: string, pattern: RegExp): number {
  return Math.max(0, ...[...text.matchAll(pattern)].map(([, number]) => Number(number)));
}
