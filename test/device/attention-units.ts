// Compares attention on two units, of this processor, of the emulator, or portable, over layouts with edges of blocks, panels and
// segments.

import type { CpuDevice } from '../../src/device/cpu/cpu-device.js';
import type { NativeKernels } from '../../src/device/cpu/library.js';
import { expectSameNumbers, type UnitName, unitCodes } from './bf16-units.js';
import { optionsOf, run, type Setting } from './conformance/attention.js';
import { Bench, bitsOf, expectClose, Random } from './conformance/harness.js';

/** Several runs, segments that begin within a block or end with one, heads of less, one and several panels. */
const settings: readonly (Setting & { readonly size: number })[] = [
  { lengths: [1], heads: 1, size: 4, scale: 0.5 },
  { lengths: [70, 64, 1, 1, 40, 130], heads: 2, size: 64, scale: 0.125, probability: 0.2 },
  { lengths: [5, 33, 31, 32], heads: 3, size: 20, scale: 0.3 },
  { lengths: [97], heads: 1, size: 80, scale: 0.1, probability: 0.5 },
];

/** Factors of the numbers of qkv: ordinary, such that scores differ by hundreds, and such that denormals occur. */
const magnitudes = [1, 12, 2 ** -63];

/** Where attention is computed. */
export interface Place {
  readonly device: CpuDevice;
  readonly unit: UnitName;
}

/** The results of forward and backward, by name. */
function attentionAt(
  kernels: NativeKernels,
  { device, unit }: Place,
  { size, ...setting }: (typeof settings)[number],
  magnitude: number,
): ReadonlyMap<string, Float32Array> {
  const bench = new Bench(device, 'bf16');
  const { rows, options } = optionsOf(bench, setting);
  const [random, channels] = [new Random(rows), setting.heads * size];
  const qkv = random.normals(rows * 3 * channels, magnitude);
  kernels.use_bf16_unit_in_attention(unitCodes[unit]);
  const { out, logSumExp, backward } = run(bench, qkv, rows, options);
  const gradQkv = backward(random.normals(rows * channels));
  kernels.use_bf16_unit_in_attention(unitCodes.widening);
  const results = Object.entries({ out, logSumExp, gradQkv });
  return new Map(results.map(([name, tensor]) => [name, bench.read(tensor)]));
}

/**
 * @param exact whether the bits must be the same, and not only the rounding
 * @returns how many results were compared, and how many had the same bits
 */
export function compareAttention(
  kernels: NativeKernels,
  place: Place,
  reference: Place,
  exact: boolean,
): { compared: number; same: number } {
  let [compared, same] = [0, 0];
  for (const setting of settings)
    for (const magnitude of exact ? magnitudes : [1]) {
      const expected = attentionAt(kernels, reference, setting, magnitude);
      for (const [name, actual] of attentionAt(kernels, place, setting, magnitude)) {
        const what = `${name} on ${place.unit}, segments of ${setting.lengths}, magnitude ${magnitude}`;
        const wanted = expected.get(name) ?? new Float32Array();
        if (exact) expectSameNumbers(actual, wanted, what);
        else expectClose(actual, wanted, what, name === 'logSumExp' ? 3e-6 : 2 ** -6);
        compared++;
        same += Number(bitsOf(actual).every((bits, index) => bits === bitsOf(wanted)[index]));
      }
    }
  return { compared, same };
}
