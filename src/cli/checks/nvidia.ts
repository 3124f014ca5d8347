// Whether this machine computes on an NVIDIA card: the driver, the two libraries, the cards, the kernels that are
// compiled already. Asks the driver itself, as a run would; compiles nothing and takes no card's memory.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolders } from '../../device/cpu/compiler.js';
import { bind, N } from '../../device/cuda/bindings.js';
import { precisionsOf } from '../../device/cuda/capability.js';
import { type Card, Driver } from '../../device/cuda/driver.js';
import {
  CudaUnavailable,
  cudaVersion,
  requireCapability,
  requireDriverVersion,
} from '../../device/cuda/errors.js';
import {
  cureOf,
  fileVersion,
  findLibrary,
  libraryFolders,
  suitableMajors,
  type ToolkitLibrary,
} from '../../device/cuda/libraries.js';
import { architectureOf, Nvrtc } from '../../device/cuda/nvrtc.js';
import { messageOf, UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { oneLine } from '../format.js';
import type { Check } from './check.js';

const toolkit = ['libnvrtc', 'libcublasLt'] as const;

export interface NvidiaOptions {
  /** Also the places that are searched. */
  readonly verbose?: boolean;
  /** What the kernel says of the machine's cards. */
  readonly pciFolder?: string;
}

export function nvidiaChecks(env: NodeJS.ProcessEnv, options: NvidiaOptions = {}): Check[] {
  const places = libraryFolders(env);
  const driver = openDriver(places, options.pciFolder);
  const cards = driver.driver === null ? [] : cardsOf(driver.driver);
  const first = cards.find((card): card is Found => 'card' in card);
  return [
    driver.check,
    ...cards.map(({ check }) => check),
    ...libraryChecks(env, places, driver.driver, first?.card),
    ...(first ? [kernelCheck(env)] : []),
    ...(options.verbose ? [placesCheck(places)] : []),
  ];
}

/** Whether `--device auto` takes a card. */
export function hasCuda(checks: readonly Check[]): boolean {
  const ready = (name: string) => checks.some((check) => check.name === name && check.state === 'ok');
  return [...toolkit, 'NVIDIA driver', 'cuda:0'].every(ready);
}

interface OpenedDriver {
  readonly check: Check;
  readonly driver: Driver | null;
}

function openDriver(places: readonly string[], pciFolder?: string): OpenedDriver {
  const name = 'NVIDIA driver';
  const path = findLibrary('libcuda', places);
  if (path === undefined) {
    const absent = { name, state: 'absent' } as const;
    return hasNvidiaCard(pciFolder)
      ? {
          check: { ...absent, detail: 'not found, but there is an NVIDIA card', cure: cureOf('libcuda') },
          driver: null,
        }
      : { check: { ...absent, detail: 'not found, and no NVIDIA card either' }, driver: null };
  }
  try {
    const driver = new Driver(path);
    requireDriverVersion(driver.version);
    const version = fileVersion(path);
    const detail = `${version === undefined ? '' : `${version}, `}for CUDA ${cudaVersion(driver.version)}, ${path}`;
    return { check: { name, state: 'ok', detail }, driver };
  } catch (thrown) {
    return { check: { name, state: 'absent', ...refusalOf(thrown) }, driver: null };
  }
}

/** A reason and a cure, where the error has both. */
function refusalOf(thrown: unknown): Pick<Check, 'detail' | 'cure'> {
  if (thrown instanceof CudaUnavailable) return { detail: oneLine(thrown.reason), cure: thrown.cure };
  if (thrown instanceof UserError) return { detail: oneLine(thrown.message) };
  return { detail: oneLine(messageOf(thrown)) };
}

/** By the kernel's list of devices: made by NVIDIA (0x10de), a display controller (0x03....). */
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
  if (count === 0) return [{ check: { name: 'cuda:0', state: 'absent', detail: 'the driver sees no card' } }];
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
  const precisions = precisionsOf(computeCapability).join(', ');
  return `${oneLine(name)}, ${formatBytes(totalMemory)}, compute capability ${computeCapability.join('.')}: ${precisions}`;
}

/** The versions that suit come first; others are named where there are none. */
function libraryChecks(
  env: NodeJS.ProcessEnv,
  places: readonly string[],
  driver: Driver | null,
  card: Card | undefined,
): Check[] {
  let majors: number[] = [];
  try {
    if (driver !== null && card !== undefined)
      majors = suitableMajors(driver.version, card.computeCapability);
  } catch {
    // Said of the driver.
  }
  const path = (name: ToolkitLibrary) => findLibrary(name, places, majors);
  // One command brings all that lacks. Without a card nobody needs it.
  const lacking = toolkit.filter((name) => path(name) === undefined);
  const cure = majors.length === 0 ? undefined : cureOf(lacking, majors, env);
  return toolkit.map((name): Check => {
    const found = path(name);
    if (found === undefined) {
      const unsuitable = majors.length === 0 ? undefined : findLibrary(name, places);
      const detail = unsuitable
        ? `${unsuitable} does not suit: CUDA ${majors.join(' or ')} is needed`
        : 'not found';
      return { name, state: 'absent', detail, ...(cure === undefined ? {} : { cure }) };
    }
    try {
      return { name, state: 'ok', detail: `${versionOf(name, found, card)}, ${found}` };
    } catch (thrown) {
      return { name, state: 'absent', ...refusalOf(thrown) };
    }
  });
}

/** Loads it. @throws UserError (device) where it does not load or does not know the card. */
function versionOf(name: ToolkitLibrary, path: string, card: Card | undefined): string {
  if (name === 'libnvrtc') {
    const nvrtc = new Nvrtc(path);
    if (card !== undefined) architectureOf(nvrtc, card.computeCapability);
    return `CUDA ${nvrtc.version}`;
  }
  const version = bind(path, { cublasLtGetVersion: [N] }, cureOf(name)).cublasLtGetVersion();
  return [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join('.');
}

function kernelCheck(env: NodeJS.ProcessEnv): Check {
  const name = 'CUDA kernels';
  for (const folder of cacheFolders(env)) {
    try {
      const images = readdirSync(folder).filter((file) => file.endsWith('.cubin'));
      if (images.length === 0) continue;
      const bytes = images.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
      return { name, state: 'ok', detail: `${images.length} compiled (${formatBytes(bytes)}), in ${folder}` };
    } catch {
      // Not there.
    }
  }
  return { name, state: 'ok', detail: 'not compiled yet: the first run does it, which takes some seconds' };
}

function placesCheck(places: readonly string[]): Check {
  const shown = places.map((place) => (existsSync(place) ? place : `${place} (not there)`));
  return { name: 'searched', state: 'ok', detail: shown.join('\n') };
}
