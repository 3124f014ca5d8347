// A process that compiles what it receives with NVRTC, as the device does, and sends back the compiler's output.
//     usage: fork(this, [path of libnvrtc])

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelImage } from '../../src/device/cuda/kernel-cache.js';
import { type Compiled, Nvrtc } from '../../src/device/cuda/nvrtc.js';
import { messageOf } from '../../src/errors.js';
import type { Compilation } from './compilations.js';

export interface Answer {
  readonly log: string;
  readonly milliseconds: number;
  readonly failure?: string;
}

/** Keeps the log, which lists the registers of every kernel. */
class TalkativeNvrtc extends Nvrtc {
  log = '';

  override compile(source: string, name: string, options: readonly string[]): Compiled {
    // A source may leave parts of the prelude unused, so that warning (177) is suppressed.
    const compiled = super.compile(source, name, [...options, '--ptxas-options=-v', '--diag-suppress=177']);
    this.log = compiled.log;
    return compiled;
  }
}

const nvrtc = new TalkativeNvrtc(process.argv[2] ?? '');

process.on('message', (compilation: Compilation) => {
  const cache = mkdtempSync(join(tmpdir(), 'cuda-compile-'));
  nvrtc.log = '';
  const started = performance.now();
  let failure: string | undefined;
  try {
    kernelImage(nvrtc, compilation.file, {
      ...compilation,
      env: { XDG_CACHE_HOME: cache, HOME: cache, TMPDIR: cache },
    });
  } catch (thrown) {
    failure = messageOf(thrown);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  const milliseconds = Math.round(performance.now() - started);
  process.send?.({
    log: nvrtc.log,
    milliseconds,
    ...(failure === undefined ? {} : { failure }),
  } satisfies Answer);
});
