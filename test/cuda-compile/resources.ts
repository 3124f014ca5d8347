// Parses the resource usage that ptxas -v prints for kernels.

export interface Resources {
  readonly registers: number;
  /** Local memory per thread: arrays that are not in registers, and spills. */
  readonly stackBytes: number;
  /** Bytes of register spill stores, in the kernel and the functions it calls. */
  readonly spillBytes: number;
  readonly sharedBytes: number;
}

/** Resources by kernel. */
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

/** The warning that CUDA 12 prints whenever it compiles for Volta. */
const deprecated = /^nvrtc: warning: Architectures prior to .* are deprecated/;

/** The lines that are not ptxas' figures, that is, warnings. */
export function complaintsOf(log: string): string {
  return log
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^ptxas +(info +:|\.)/.test(line) && !deprecated.test(line))
    .join('\n');
}

function largest(text: string, pattern: RegExp): number {
  return Math.max(0, ...[...text.matchAll(pattern)].map(([, number]) => Number(number)));
}
