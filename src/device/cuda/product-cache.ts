// What was measured about matrix products on one card with one driver and one version of cuBLASLt: a file in the user's
// cache with one line of JSON per product. Two processes may measure the same product at the same time; the first line
// counts, so that later runs agree. Lines are only ever used to choose among what cuBLASLt proposes by itself, so a
// damaged or foreign file costs at most time.

import { join } from 'node:path';
import * as z from 'zod';
import { AppendFile } from '../../files/append-file.js';
import { parseJson } from '../../files/parse-json.js';
import { readRegularFile } from '../../files/regular-file.js';

const schema = z.object({
  /** Shape, types, epilogue. */
  product: z.string(),
  /** The way and algorithm that were chosen. */
  chosen: z.string(),
  measured: z.array(z.object({ way: z.string(), algorithm: z.string(), milliseconds: z.number() })),
});
export type MeasuredProduct = z.infer<typeof schema>;

/** Some ten thousand products. A larger file is not read, and nothing is added to it. */
const mostBytes = 2 ** 24;

export class ProductCache {
  readonly #products = new Map<string, MeasuredProduct>();
  #file: AppendFile | undefined;

  /**
   * Opens the cache in the first folder that can store it.
   * @param folders in order of preference
   * @param name of the file; it identifies card, driver and library
   */
  constructor(folders: readonly string[], name: string) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        this.#file = new AppendFile(path, 0o700);
        for (const product of read(path)) if (!this.#products.has(product.product)) this.#add(product);
        return;
      } catch {
        this.#file?.close();
        this.#file = undefined;
      }
    }
  }

  /** Whether what is kept will be there for the next run. */
  get keeps(): boolean {
    return this.#file !== undefined;
  }

  /** In the order in which they were measured. */
  all(): MeasuredProduct[] {
    return [...this.#products.values()];
  }

  find(product: string): MeasuredProduct | undefined {
    return this.#products.get(product);
  }

  /** Without space on the disk, the next run measures again. */
  keep(measured: MeasuredProduct): void {
    this.#add(measured);
    try {
      this.#file?.append(Buffer.from(`${JSON.stringify(measured)}\n`));
    } catch {
      this.close();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #add(measured: MeasuredProduct): void {
    this.#products.set(measured.product, measured);
  }
}

/** Lines that cannot be read, such as the last one of a killed process, are skipped. */
function read(path: string): MeasuredProduct[] {
  return readRegularFile(path, mostBytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [schema.parse(parseJson(line))];
      } catch {
        return [];
      }
    });
}
