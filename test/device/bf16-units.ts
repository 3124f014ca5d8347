// Compares a unit of this processor, or of the emulator, with the portable one that stands for it, over every form of a product.

import type { NativeKernels } from '../../src/device/cpu/library.js';
import type { Device } from '../../src/device/device.js';
import {
  type Form,
  forms,
  type Inputs,
  nameOf,
  Product,
  randomInputs,
  type Shape,
  type Transposes,
  transposes,
} from './bf16-products.js';
import { Bench, bitsOf, expectClose, Random } from './conformance/harness.js';
import { roundToBf16 } from './reference.js';

/** As in gemm-bf16-units.h. */
export const unitCodes = {
  widening: 0,
  'portable tiles': 1,
  'portable pairs': 2,
  'portable squares': 3,
  AMX: 4,
  'AVX-512 BF16': 5,
  BFMMLA: 6,
} as const;
export type UnitName = keyof typeof unitCodes;

/** Edges of panels, steps and blocks; several parts of depth, stages of columns, and jobs. */
const shapes: readonly Shape[] = [
  [17, 1, 1],
  [18, 3, 0],
  [32, 32, 32],
  [37, 60, 61],
  [97, 33, 257],
  [64, 96, 544],
  [20, 30, 2100],
  [33, 1100, 40],
  [560, 40, 70],
];

export type Draw = (random: Random) => number;
const ordinary: Draw = (random) => 2 ** (20 * random.uniform());

/** Magnitudes of the numbers of A and B: such that denormals are read, products or sums become denormal, overflow, or are NaN. */
export const extremes: Readonly<Record<string, readonly [Draw, Draw]>> = {
  denormal: [(random) => 2 ** -(126 + 7 * random.uniform()), ordinary],
  tiny: [(random) => 2 ** -(50 + 70 * random.uniform()), (random) => 2 ** -(40 + 40 * random.uniform())],
  huge: [(random) => (random.uniform() < 0.1 ? 2 ** 110 : 1), ordinary],
  'not finite': [
    (random) => (random.uniform() < 0.01 ? Number.NaN : random.uniform()),
    (random) => (random.uniform() < 0.01 ? Number.POSITIVE_INFINITY : random.uniform()),
  ],
};

function extremeInputs(shape: Shape, chosen: Transposes, [drawA, drawB]: readonly [Draw, Draw]): Inputs {
  const inputs = randomInputs(shape, chosen);
  const random = new Random(5);
  const drawn = (values: Float64Array, draw: Draw) =>
    values.map((value) => roundToBf16(Math.sign(value) * draw(random)));
  return { ...inputs, a: drawn(inputs.a, drawA), b: drawn(inputs.b, drawB) };
}

/** @param exact whether the bits are the same, and not only the rounding. NaN has many bits. @returns how many were compared */
export function compareUnits(
  kernels: NativeKernels,
  device: Device,
  [unit, portable]: readonly [UnitName, UnitName],
  exact: boolean,
): number {
  let compared = 0;
  const compare = (inputs: Inputs, threads: number, chosenForms: readonly Form[], what = '') => {
    const bench = new Bench(device, 'f32', threads > 1 ? 'aligned' : 'unaligned');
    const product = new Product(kernels, bench, inputs);
    const storedBy = (name: UnitName, form: Form) => {
      kernels.use_bf16_unit(unitCodes[name]);
      const stored = product.stored(form);
      kernels.use_bf16_unit(unitCodes.widening);
      return stored;
    };
    kernels.set_threads(threads);
    for (const form of chosenForms) {
      const given = storedBy(unit, form);
      const name = `${unit}, ${nameOf(inputs)}, ${form}, ${threads} threads ${what}`;
      storedBy(portable, form).forEach((expected, index) => {
        const actual = given[index] ?? new Float32Array();
        if (exact) expectSameNumbers(actual, expected, name);
        else expectClose(actual, expected, name, form.startsWith('f32') ? 3e-6 : 2 ** -7);
      });
      compared++;
    }
  };
  for (const shape of shapes)
    for (const chosen of transposes)
      for (const threads of [1, 3])
        compare(randomInputs(shape, chosen), threads, threads === 1 ? forms : ['f32, added', 'gelu']);
  if (exact)
    for (const [what, draws] of Object.entries(extremes)) {
      const inputs = extremeInputs([40, 70, 330], { transposeA: false, transposeB: true }, draws);
      compare(inputs, 1, ['f32', 'f32, added', 'bf16'], what);
    }
  kernels.set_threads(1);
  return compared;
}

/** The same bits, but NaN has many. */
export function expectSameNumbers(actual: Float32Array, expected: Float32Array, what: string): void {
  const [given, wanted] = [bitsOf(actual), bitsOf(expected)];
  if (given.length !== wanted.length)
    throw new Error(`${what}: ${given.length} numbers, not ${wanted.length}`);
  for (let index = 0; index < wanted.length; index++)
    if (given[index] !== wanted[index] && !(Number.isNaN(actual[index]) && Number.isNaN(expected[index])))
      throw new Error(`${what}: [${index}] is ${actual[index]}, expected ${expected[index]}`);
}
