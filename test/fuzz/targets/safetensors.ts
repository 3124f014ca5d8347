// Fuzz target for one safetensors file: its bytes, and its JSON header.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '../../../src/weights/safetensors.js';
import { repositoryRoot } from '../../repository.js';
import { extremeIntegers, mutateBytes } from '../mutate-bytes.js';
import { mutateJson } from '../mutate-json.js';
import { fileOf, type Target, withFiles } from '../target.js';

const fileName = 'model.safetensors';

function golden(name: string): Buffer {
  return readFileSync(join(repositoryRoot, 'test/goldens/weights', name));
}

function headerLength(bytes: Buffer): number {
  return Number(bytes.readBigUInt64LE(0));
}

/** @param length the header length in the file; the correct length if it is omitted. */
function withHeader(bytes: Buffer, header: string, length = BigInt(Buffer.byteLength(header))): Buffer {
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt.asUintN(64, length));
  return Buffer.concat([start, Buffer.from(header), bytes.subarray(8 + headerLength(bytes))]);
}

export const safetensors: Target = {
  about: 'one weight file in the safetensors format, every tensor of it read',
  seeds: ['safetensors-f16/model.safetensors', 'safetensors-sharded/model-00004-of-00004.safetensors'].map(
    (name) => new Map([[fileName, golden(name)]]),
  ),
  mutate(seed, dice, other) {
    const bytes = fileOf(seed, fileName);
    if (dice.chance(2))
      return withFiles(seed, { [fileName]: mutateBytes(bytes, dice, fileOf(other, fileName)) });
    const header = bytes.subarray(8, 8 + headerLength(bytes)).toString();
    const mutant = mutateJson(JSON.parse(header), dice);
    const length = dice.chance(8) ? dice.pick(extremeIntegers) : undefined;
    return withFiles(seed, { [fileName]: withHeader(bytes, mutant, length) });
  },
  read(folder) {
    const file = openSafetensors(join(folder, fileName));
    for (const [name, { type }] of file.tensors) if (/^B?F/.test(type)) file.read(name);
  },
};
