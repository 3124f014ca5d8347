// The device of one NVIDIA card: kernels compiled on first use, matrix products by cuBLASLt, all in one stream. Calls
// return before the card is done; `download` waits. Work that repeats with the same tensors is captured once and
// replayed as a graph. The card needs compute capability 7.0 or later.

import { formatBytes } from '../../files/format-bytes.js';
import { productCacheFolders } from '../../files/user-folders.js';
import { digest } from '../code-cache.js';
import type { MeasuredChoices, Precisions } from '../device.js';
import { KernelDevice } from '../kernel-device.js';
import type { MemoryPlan } from '../memory-plan.js';
import { mostHeadChannels } from './attention-launches.js';
import { hasTf32, precisionsOf } from './capability.js';
import { type CublasLt, openCublasLt } from './cublaslt.js';
import { CudaKernels } from './cuda-kernels.js';
import { type Card, type Driver, openDriver } from './driver.js';
import { requireCapability } from './errors.js';
import { kernelImage } from './kernel-cache.js';
import { KernelLauncher } from './kernel-launcher.js';
import { mostChannels } from './launches.js';
import { requireLibraries, suitableMajors, toolkitLibraries, type Wanted } from './libraries.js';
import { CudaMemory } from './memory.js';
import { type Nvrtc, openNvrtc } from './nvrtc.js';
import { type MeasuredProduct, ProductCache } from './product-cache.js';
import { ProductChoices } from './product-choices.js';
import { Products } from './products.js';
import { Replays } from './replays.js';
import type { Stream } from './streams.js';
import { timedOn } from './timed.js';

export interface CudaDeviceOptions {
  /** The card's number, from 0. */
  readonly ordinal?: number | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called before kernels are compiled, which takes several seconds. */
  readonly onCompile?: (() => void) | undefined;
  /**
   * Whether the inputs of float32 products are rounded to TF32, on cards that have it (compute capability 8.0 and
   * later).
   */
  readonly tf32?: boolean | undefined;
  /** Whether repeated work is captured as graphs (default: true). Without them, a benchmark shows what they save. */
  readonly graphs?: boolean | undefined;
  /** Matrix products of at least this many multiplications are measured. The default leaves out those of microseconds. */
  readonly leastMeasured?: number | undefined;
  /** Told what a person should know while the device works. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** The workspace of cuBLASLt's kernels. */
const workspaceBytes = 32 * 2 ** 20;

/** @throws UserError (device) if the driver, a library or that card is missing, or if the card is too old */
export function createCudaDevice(options: CudaDeviceOptions = {}): CudaDevice {
  const { ordinal = 0, env = process.env } = options;
  const driver = openDriver(env);
  const card = driver.device(ordinal);
  const { computeCapability } = card;
  requireCapability(ordinal, card);
  const wanted = { env, majors: suitableMajors(driver.version, computeCapability) };
  requireLibraries(toolkitLibraries, wanted);
  const nvrtc = openNvrtc(wanted, computeCapability);
  driver.createContext(ordinal);
  try {
    const device = deviceOn(driver, nvrtc, card, wanted, options);
    driver.markOpened();
    return device;
  } catch (thrown) {
    driver.destroyContext();
    throw thrown;
  }
}

/** The device of the card whose context is current. */
function deviceOn(
  driver: Driver,
  nvrtc: Nvrtc,
  card: Card,
  wanted: Wanted,
  options: CudaDeviceOptions,
): CudaDevice {
  const { env = process.env, onCompile } = options;
  const { computeCapability } = card;
  const stream = driver.streams.create();
  const context = { driver, stream };
  const memory = new CudaMemory(context);
  const scratch = (label: string, bytes: number) => memory.scratch(label, bytes);
  const workspace = { address: scratch('workspace', workspaceBytes), bytes: workspaceBytes };
  const cublasLt = openCublasLt(wanted);
  const image = (file: string, defines: Readonly<Record<string, string | number>>) =>
    kernelImage(nvrtc, file, { computeCapability, defines, env, onCompile });
  const launcher = new KernelLauncher({ ...context, image, scratch });
  const tf32 = options.tf32 === true && hasTf32(computeCapability);
  const { leastMeasured, onNote } = options;
  const choices = productChoices(card, driver, cublasLt, env, onNote);
  const products = new Products(launcher, cublasLt, workspace, choices, { tf32, leastMeasured });
  const kernels = new CudaKernels(launcher, products, computeCapability[0]);
  const toolkit = `CUDA ${nvrtc.version}${tf32 ? ', TF32 for float32 products' : ''}`;
  const replays = new Replays(context, memory, options.graphs === false ? 0 : undefined);
  return new CudaDevice({ ...context, memory, replays, kernels, cublasLt }, card, toolkit);
}

/** Choices are measured once for a card, a driver and a version of cuBLASLt. Their bits do not depend on the driver. */
function productChoices(
  { name, computeCapability, multiprocessors }: Card,
  driver: Driver,
  cublasLt: CublasLt,
  env: NodeJS.ProcessEnv,
  onNote: ((text: string) => void) | undefined,
): ProductChoices {
  const madeOn = `${name} (${computeCapability.join('.')}, ${multiprocessors} multiprocessors) with cuBLASLt ${cublasLt.version}`;
  const file = `${digest(JSON.stringify([madeOn, driver.version]))}.jsonl`;
  return new ProductChoices(new ProductCache(productCacheFolders(env), file), madeOn, onNote);
}

interface Parts {
  readonly driver: Driver;
  readonly stream: Stream;
  readonly memory: CudaMemory;
  readonly replays: Replays;
  readonly kernels: CudaKernels;
  readonly cublasLt: CublasLt;
}

export class CudaDevice extends KernelDevice {
  readonly kind = 'cuda';
  readonly description: string;
  readonly precisions: Precisions;
  readonly vocabularyMultiple = 128;
  readonly rowMultiple = 128;
  readonly mostChannels = { row: mostChannels, head: mostHeadChannels };
  protected readonly memory: CudaMemory;
  readonly #parts: Parts;
  readonly #own: MemoryPlan;
  #open = true;
  #peak = 0;

  constructor(parts: Parts, card: Card, toolkit: string) {
    super();
    this.#parts = parts;
    this.memory = parts.memory;
    this.#own = new Map(parts.memory.plan);
    const [major, minor] = card.computeCapability;
    this.precisions = precisionsOf(card.computeCapability);
    this.description = `CUDA: ${card.name}, ${formatBytes(card.totalMemory)}, compute capability ${major}.${minor}, ${toolkit}`;
  }

  /** The most bytes of card memory that this device has used so far: its allocations and what the driver added. */
  peakMemory(): number {
    return this.#open ? this.memory.peak() : this.#peak;
  }

  /** Bytes by which the card's free memory has shrunk since this device was created, as the driver counts them. */
  memoryInUse(): number {
    return this.memory.inUse();
  }

  /** What this device has allocated so far, by label. `workspace` is its own. */
  allocated(): MemoryPlan {
    return new Map(this.memory.plan);
  }

  override ownMemory(): MemoryPlan {
    return this.#own;
  }

  override reserve(bytes: number): void {
    this.ready();
    this.memory.reserve(bytes);
  }

  /** For display: how each matrix product so far is computed, with the times of the ways that were measured. */
  products(): MeasuredProduct[] {
    return this.#parts.kernels.products.choices.all();
  }

  /** All that was measured on this card with this driver and library, in this run and earlier ones. */
  cachedProducts(): MeasuredProduct[] {
    return this.#parts.kernels.products.choices.cache.all();
  }

  override measuredChoices(): MeasuredChoices {
    return this.#parts.kernels.products.choices.made();
  }

  override repeatChoices(choices: MeasuredChoices): string | null {
    return this.#parts.kernels.products.choices.repeat(choices);
  }

  /** The graphs captured so far: the keys of their work, and the number of kernels, copies and fills in each. */
  graphs(): { readonly key: string; readonly nodes: number }[] {
    return this.#parts.replays.graphs();
  }

  /** Runs `work` and returns the milliseconds that the card spent on what it queued. Waits for the card. */
  timed(work: () => void): number {
    this.ready();
    const { driver, stream } = this.#parts;
    return timedOn({ driver, stream }, work);
  }

  /**
   * Runs `work`, which must queue the same operations on the same tensors every time. The first call runs it directly;
   * the second captures it into a graph, which replaces it from then on and stays until `dispose`.
   * @throws Error if `work` uploads, downloads or allocates
   */
  override replay(owner: object, key: string, work: () => void): void {
    this.ready();
    this.#parts.replays.run(owner, key, work);
  }

  override dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    const { driver, stream, replays, kernels, cublasLt } = this.#parts;
    this.#peak = this.memory.peak();
    replays.dispose();
    super.dispose();
    kernels.products.choices.cache.close();
    cublasLt.dispose();
    driver.streams.destroy(stream);
    driver.destroyContext();
  }

  protected kernels(): CudaKernels {
    return this.#parts.kernels;
  }
}
