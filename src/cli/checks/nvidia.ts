// Whether this machine can use an NVIDIA GPU: the driver, the two libraries, the GPUs, the compiled kernels. Queries the
// driver as a run would; compiles nothing and uses no GPU memory.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { precisionsOf } from '../../device/cuda/capability.js';
import { cublasLtVersion } from '../../device/cuda/cublaslt.js';
import { type Card, type Driver, openDriver } from '../../device/cuda/driver.js';
import {
  CudaUnavailable,
  cudaVersion,
  driverCure,
  requireCapability,
  requireDriverVersion,
} from '../../device/cuda/errors.js';
import {
  cureOf,
  fileVersion,
  findLibrary,
  mayHaveDriver,
  openLibrary,
  suitableMajors,
  type ToolkitLibrary,
  toolkitLibraries,
  type Wanted,
} from '../../device/cuda/libraries.js';
import { ignoredSettings, toolkitFolders } from '../../device/cuda/library-folders.js';
import { Nvrtc, openNvrtc } from '../../device/cuda/nvrtc.js';
import { computedIn } from '../../device/select.js';
import { formatBytes } from '../../files/format-bytes.js';
import { kernelCacheFolders } from '../../files/user-folders.js';
import { oneLine } from '../../quote.js';
import { flagMessageOf } from '../flag-names.js';
import type { Check } from './check.js';

export interface NvidiaOptions {
  /** Also list the searched folders. */
  readonly verbose?: boolean;
  /** Where Linux lists the PCI devices. */
  readonly pciFolder?: string;
}

export function nvidiaChecks(env: NodeJS.ProcessEnv, options: NvidiaOptions = {}): Check[] {
  const driver = driverCheck(env, options.pciFolder);
  const cards = driver.driver === null ? [] : cardsOf(driver.driver);
  const first = cards.find((card): card is Found => 'card' in card);
  return [
    driver.check,
    ...cards.map(({ check }) => check),
    ...libraryChecks(env, driver.driver, first?.card),
    ...(first ? [kernelCheck(env)] : []),
    ...(options.verbose ? [placesCheck(env)] : []),
  ];
}

/** Whether `--device auto` takes a card. */
export function hasCuda(checks: readonly Check[]): boolean {
  const ready = (name: string) => checks.some((check) => check.name === name && check.state === 'ok');
  return [...toolkitLibraries, 'NVIDIA driver', 'cuda:0'].every(ready);
}

interface OpenedDriver {
  readonly check: Check;
  readonly driver: Driver | null;
}

function driverCheck(env: NodeJS.ProcessEnv, pciFolder?: string): OpenedDriver {
  const name = 'NVIDIA driver';
  const absent = { name, state: 'absent' } as const;
  if (!mayHaveDriver(env)) {
    const check: Check = hasNvidiaCard(pciFolder)
      ? { ...absent, detail: 'not found, but there is an NVIDIA GPU', cure: driverCure }
      : { ...absent, detail: 'not found, and no NVIDIA GPU either' };
    return { check, driver: null };
  }
  try {
    const driver = openDriver(env);
    requireDriverVersion(driver.version);
    const version = fileVersion(driver.path);
    const detail = `${version === undefined ? '' : `${version}, `}for CUDA ${cudaVersion(driver.version)}, ${driver.path}`;
    return { check: { name, state: 'ok', detail }, driver };
  } catch (thrown) {
    return { check: { ...absent, ...refusalOf(thrown) }, driver: null };
  }
}

/** The reason, and the remedy if the error has one. */
function refusalOf(thrown: unknown): Pick<Check, 'detail' | 'cure'> {
  if (!(thrown instanceof CudaUnavailable)) return { detail: oneLine(flagMessageOf(thrown)) };
  const { reason, cure } = thrown;
  return { detail: oneLine(reason), ...(cure === undefined ? {} : { cure }) };
}

/** Looks for a PCI device made by NVIDIA (0x10de) that is a display controller (0x03....). */
function hasNvidiaCard(folder = '/sys/bus/pci/devices'): boolean {
  try {
    return readdirSync(folder).some((device) => {
      const read = (file: string) => readFileSync(join(folder, device, file), 'utf8');
      return read('vendor').startsWith('0x10de') && read('class').startsWith('0x03');
    });
  } catch {
    return false;
  }
}

interface Found {
  readonly check: Check;
  readonly card: Card;
}

function cardsOf(driver: Driver): (Found | { readonly check: Check })[] {
  let count: number;
  try {
    count = driver.deviceCount();
  } catch (thrown) {
    return [{ check: { name: 'cuda:0', state: 'absent', ...refusalOf(thrown) } }];
  }
  if (count === 0) return [{ check: { name: 'cuda:0', state: 'absent', detail: 'the driver finds no GPU' } }];
  return Array.from({ length: count }, (_, ordinal) => {
    const name = `cuda:${ordinal}`;
    try {
      const card = driver.device(ordinal);
      requireCapability(ordinal, card);
      return { check: { name, state: 'ok', detail: cardDetail(card) }, card };
    } catch (thrown) {
      return { check: { name, state: 'absent', ...refusalOf(thrown) } };
    }
  });
}

function cardDetail({ name, totalMemory, computeCapability }: Card): string {
  const precisions = computedIn(precisionsOf(computeCapability)).join(', ');
  return `${oneLine(name)}, ${formatBytes(totalMemory)}, compute capability ${computeCapability.join('.')}: ${precisions}`;
}

/** Looks for suitable versions first; names others if there are none. */
function libraryChecks(env: NodeJS.ProcessEnv, driver: Driver | null, card: Card | undefined): Check[] {
  let majors: number[] = [];
  try {
    if (driver !== null && card !== undefined)
      majors = suitableMajors(driver.version, card.computeCapability);
  } catch {
    // The check of the driver reports this.
  }
  // One command installs everything that is missing. Without a GPU it is not needed.
  const lacking = toolkitLibraries.filter((name) => findLibrary(name, { env, majors }) === undefined);
  const cure = majors.length === 0 ? {} : { cure: cureOf(lacking, majors, env) };
  return toolkitLibraries.map((name): Check => {
    if (lacking.includes(name)) {
      const unsuitable = findLibrary(name, { env });
      const detail = unsuitable
        ? `${unsuitable} is not suitable: CUDA ${majors.join(' or ')} is needed`
        : 'not found';
      return { name, state: 'absent', detail, ...cure };
    }
    try {
      return { name, state: 'ok', detail: versionOf(name, { env, majors }, card) };
    } catch (thrown) {
      const { detail, ...mended } = refusalOf(thrown);
      return { name, state: 'absent', detail, ...(card === undefined ? {} : mended) };
    }
  });
}

/** Loads the library and returns its version and path. @throws CudaUnavailable if none loads or none supports the GPU. */
function versionOf(name: ToolkitLibrary, wanted: Wanted, card: Card | undefined): string {
  if (name === 'libcublasLt') return cublasLtVersion(wanted);
  const { version, path } =
    card === undefined
      ? openLibrary(name, wanted, (file) => new Nvrtc(file))
      : openNvrtc(wanted, card.computeCapability);
  return `CUDA ${version}, ${path}`;
}

function kernelCheck(env: NodeJS.ProcessEnv): Check {
  const name = 'CUDA kernels';
  for (const folder of kernelCacheFolders(env)) {
    try {
      const images = readdirSync(folder).filter((file) => file.endsWith('.cubin'));
      if (images.length === 0) continue;
      const bytes = images.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
      return { name, state: 'ok', detail: `${images.length} compiled (${formatBytes(bytes)}), in ${folder}` };
    } catch {
      // The folder does not exist.
    }
  }
  return { name, state: 'ok', detail: 'not compiled yet; the first run compiles them in a few seconds' };
}

function placesCheck(env: NodeJS.ProcessEnv): Check {
  const shown = toolkitFolders(env).map(({ path }) => (existsSync(path) ? path : `${path} (not there)`));
  const ignored = ignoredSettings(env).map(
    (words) => `${words} is not searched: it is relative or inside the working folder`,
  );
  return { name: 'searched', state: 'ok', detail: [...shown, ...ignored].join('\n') };
}
