// The conformance suite under NVIDIA's compute-sanitizer: which tools, with which flags, and what their reports say. It
// prints its reports between the lines of the tests. (https://docs.nvidia.com/compute-sanitizer/ComputeSanitizer)

export const sanitizerTools = ['memcheck', 'racecheck', 'initcheck'] as const;
export type SanitizerTool = (typeof sanitizerTools)[number];

/** A kind of report about one kernel. */
export interface SanitizerReport {
  readonly what: string;
  readonly kernel: string;
  readonly count: number;
}

/**
 * Names of NVIDIA's kernels for matrix products. racecheck leaves them out: a hazard in shared memory cannot come from
 * what a kernel is called with. The other tools check them, because a wrong address can. initcheck must: a kernel that is
 * left out writes nothing that initcheck sees, and ours read what cuBLASLt's write.
 */
export const nvidiaKernels = 'cublas|cutlass|nvjet|xmma|gemm|splitK|sm[0-9]+_';

export function sanitizerFlags(tool: SanitizerTool): string[] {
  return [
    ...['--tool', tool, '--error-exitcode', '9', '--print-limit', '50'],
    // The host's stack is that of Node.js and koffi, and says nothing.
    ...['--show-backtrace', 'device', '--demangle', 'simple'],
    // The device checks every status itself, and some calls may fail, such as a query of an event.
    ...(tool === 'memcheck' ? ['--report-api-errors', 'no'] : []),
    ...(tool === 'racecheck' ? ['--kernel-name-exclude', `regex=${nvidiaKernels}`] : []),
  ];
}

/**
 * The reports in a program's output, equal ones counted. A report is a line that says what happened, for example
 * `========= Invalid __global__ read of size 4 bytes`, and a line that begins with `at` and names the kernel; racecheck
 * has both in one line, `... Write access at sum_rows+0x460 in ...`.
 */
export function sanitizerReports(output: string): SanitizerReport[] {
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('========='))
    .map((line) => line.replace(/^=+\s*/, ''));
  const counts = new Map<string, SanitizerReport>();
  for (const [index, line] of lines.entries()) {
    const what = line.startsWith('at ') ? (lines[index - 1] ?? '') : line;
    const kernel = /(?:^|access )at (?:void )?([\w:]+)/.exec(line)?.[1];
    if (kernel === undefined || /^and /.test(line)) continue;
    const said = what.replace(/ at .*/, '');
    const known = counts.get(`${said} ${kernel}`);
    counts.set(`${said} ${kernel}`, { what: said, kernel, count: (known?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}
