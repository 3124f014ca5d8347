import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everywhere, goalOn, processorUnit, withAnyUnit } from './processor-unit.js';

const cpuinfo = (flags: string) => `processor\t: 0\nmodel name\t: Some CPU\n${flags}\n\nprocessor\t: 1\n`;

test('the unit for bf16 is read from the flags of the first processor', () => {
  const cases = [
    ['flags\t\t: fpu avx512f avx512_bf16 amx_bf16 amx_tile', 'AMX'],
    ['flags\t\t: fpu avx512f avx512_bf16', 'AVX-512 BF16'],
    ['Features\t: fp asimd bf16 i8mm', 'Arm BF16'],
    ['flags\t\t: fpu avx2 avx512f', undefined],
    ['flags\t\t: fpu notamx_bf16', undefined],
  ] as const;
  for (const [flags, unit] of cases) assert.equal(processorUnit(cpuinfo(flags)), unit);
  assert.equal(processorUnit(''), undefined);
});

test('a goal belongs to a unit, and is none where no number is', () => {
  assert.equal(goalOn('AMX', { AMX: 3.5, 'AVX-512 BF16': 1.6 }), 3.5);
  assert.equal(goalOn('Arm BF16', { AMX: 3.5, 'AVX-512 BF16': 1.6 }), undefined);
  assert.equal(goalOn(undefined, withAnyUnit(1)), undefined);
  assert.equal(goalOn(undefined, everywhere(1)), 1);
});
