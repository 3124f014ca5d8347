// Column sums of a matrix, in two launches: slices of rows first, then the slices in a fixed order.

import type { Tensor } from '../tensor.js';
import { type KernelLauncher, scalarBytes, scalarType } from './kernel-launcher.js';
import { launches, rowSlices, scratchBytes } from './launches.js';

/** out f32[columns] += column sums of x[rows,columns]. */
export function sumRows(launcher: KernelLauncher, out: Tensor, x: Tensor): void {
  const [rows, columns] = [x.extent(0), x.extent(1)];
  const type = scalarType(x);
  const partial = launcher.scratch(scratchBytes.sum_rows(rows, columns));
  const geometry = launches.sum_rows(rows, columns, scalarBytes(type));
  launcher.launch('sum_rows', type, geometry, [partial, x, rows, columns]);
  const values = [out, undefined, partial, rowSlices(rows), columns];
  launcher.launch('add_slices', type, launches.add_slices(columns, 1), values);
}
