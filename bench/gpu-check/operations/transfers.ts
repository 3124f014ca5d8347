// Moving numbers: to and from the card, and on it. `fill` and `copy` show the rate of the card's memory.

import type { OperationCase, Setting } from './setting.js';

export function upload(setting: Setting): OperationCase {
  const { rows, channels, size, operands } = setting;
  const prepare = () => {
    const [target, data] = [setting.sums(rows, channels), new Float32Array(size)];
    return () => operands.device.upload(target, data);
  };
  return { shape: `f32 [${rows},${channels}]`, bytes: 4 * size, flops: 0, transfer: true, prepare };
}

export function download(setting: Setting): OperationCase {
  const { rows, channels, size, operands } = setting;
  const prepare = () => {
    const [source, data] = [setting.exact(rows, channels), new Float32Array(size)];
    return () => operands.device.download(source, data);
  };
  return { shape: `f32 [${rows},${channels}]`, bytes: 4 * size, flops: 0, transfer: true, prepare };
}

/** Writes only. */
export function fill(setting: Setting): OperationCase {
  const [rows, columns] = [setting.rows, 4 * setting.channels];
  const prepare = () => {
    const target = setting.sums(rows, columns);
    return () => setting.operands.device.fill(target, 0);
  };
  return { shape: `f32 [${rows},${columns}]`, bytes: 4 * rows * columns, flops: 0, prepare };
}

export function copy(setting: Setting): OperationCase {
  const [rows, columns] = [setting.rows, 4 * setting.channels];
  const prepare = () => {
    const [target, source] = [setting.sums(rows, columns), setting.exact(rows, columns)];
    return () => setting.operands.device.copy(target, source);
  };
  return { shape: `f32 [${rows},${columns}]`, bytes: 8 * rows * columns, flops: 0, prepare };
}
