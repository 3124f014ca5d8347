// Fuzz targets for pytorch_model.bin: the zip archive, and the pickle in it.

import { join } from 'node:path';
import { openPytorchBin } from '../../../src/weights/pytorch-bin.js';
import { archive, int, legacy, stateDict, values } from '../../torch-files.js';
import type { Dice } from '../dice.js';
import { extremeIntegers, mutateBytes } from '../mutate-bytes.js';
import { mutatePickle, pickleOps } from '../pickle-ops.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

const fileName = 'pytorch_model.bin';

const oneFile = (bytes: Uint8Array): Files => new Map([[fileName, bytes]]);

/** Tensors on a storage of 6 elements: the whole storage, a view of part of it, and an empty tensor. */
const dicts = [
  stateDict(),
  stateDict({ offset: int(1), shape: [int(2), int(2)] }),
  stateDict({ shape: [int(0), int(3)] }),
];

function read(folder: string): void {
  const file = openPytorchBin(join(folder, fileName));
  for (const [name, { type }] of file.tensors) if (/^B?F/.test(type)) file.read(name);
}

const signature = Buffer.from('PK');

/** The offsets of the archive's records. */
function records(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 2)) found.push(at);
  return found;
}

/** Mutates one field of one record, such as a size, an offset, a flag or a name length. */
function mutateRecord(bytes: Buffer, dice: Dice): Buffer {
  const copy = Buffer.from(bytes);
  const at = (dice.pick(records(bytes)) ?? 0) + 4 + dice.below(44);
  const size = dice.pick([1, 2, 4, 8]);
  const value = BigInt.asUintN(64, dice.pick(extremeIntegers) + BigInt(dice.below(3) - 1));
  for (let index = 0; index < size && at + index < copy.length; index++)
    copy[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
  return copy;
}

export const zip: Target = {
  about: 'pytorch_model.bin as torch.save writes it today: a zip archive, every tensor of it read',
  seeds: dicts.map((dict) =>
    oneFile(archive(dict, { name: 'archive/byteorder', data: Buffer.from('little') })),
  ),
  mutate(seed, dice, other) {
    const bytes = fileOf(seed, fileName);
    const mutant = dice.chance(2)
      ? mutateRecord(bytes, dice)
      : mutateBytes(bytes, dice, fileOf(other, fileName));
    return withFiles(seed, { [fileName]: mutant });
  },
  read,
};

/** Number of pickles in the legacy format: magic number, version, system, dict of tensors, and storage keys. */
const pickles = 5;

export const pickle: Target = {
  about: 'the pickle in pytorch_model.bin, opcode by opcode',
  seeds: dicts.map((dict) => oneFile(legacy(dict, values))),
  mutate(seed, dice) {
    const bytes = fileOf(seed, fileName);
    const parts: Buffer[] = [];
    // Usually mutates the dict, sometimes the other pickles.
    const spoilt = dice.chance(5) ? 1 + dice.below(pickles - 1) : 3;
    let at = 0;
    for (let index = 0; index < pickles; index++) {
      const ops = pickleOps(bytes, at);
      at += Buffer.concat(ops).length;
      parts.push(index === spoilt ? mutatePickle(ops, dice) : Buffer.concat(ops));
    }
    return withFiles(seed, { [fileName]: Buffer.concat([...parts, bytes.subarray(at)]) });
  },
  read,
};
