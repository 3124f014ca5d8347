// The bindings of the CPU kernels against their C++ source: what a call says that it writes is what the compiler lets it write.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../../test/repository.js';
import { arraySignatures, arraySymbols, signatures, typedSignatures } from './library.js';

/** The parameters of each exported function, as they are written in C++. */
function parametersInSource(): Map<string, readonly string[]> {
  const folder = join(repositoryRoot, 'src/device/cpu/kernels');
  const sources = readdirSync(folder).filter((file) => file.endsWith('.cc'));
  const text = sources
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')
    .replaceAll(/\/\*.*?\*\//gs, '');
  const definitions = text.matchAll(/^(?:extern "C" )?[\w*]+(?: [\w*]+)*[ *]ct_(\w+)\(([^)]*)\) \{/gm);
  return new Map(
    [...definitions].map(([, name = '', parameters = '']) => [
      name,
      parameters === '' ? [] : parameters.split(','),
    ]),
  );
}

/** What a parameter may do to its tensor. */
function accessOf(parameter: string): 'read' | 'written' | null {
  if (!parameter.includes('*')) return null;
  return /\bconst\b/.test(parameter) ? 'read' : 'written';
}

const bindings: readonly (readonly [symbol: string, signature: readonly string[]])[] = [
  ...Object.entries(signatures),
  ...Object.entries(arraySymbols).map(([name, symbol]) => {
    return [symbol, arraySignatures[name as keyof typeof arraySymbols]] as const;
  }),
  ...Object.entries(typedSignatures),
  ...Object.entries(typedSignatures).map(([name, signature]) => [`${name}_bf16`, signature] as const),
];

test('every tensor is bound as written exactly where the kernel takes a pointer that is not const', () => {
  const inSource = parametersInSource();
  for (const [symbol, [, ...bound]] of bindings) {
    const parameters = inSource.get(symbol);
    assert.ok(parameters, `ct_${symbol} is in no source`);
    assert.equal(bound.length, parameters.length, `parameters of ct_${symbol}`);
    parameters.forEach((parameter, index) => {
      const type = bound[index];
      if (type === 'void *') return;
      const expected = accessOf(parameter);
      const actual = type === 'read' || type === 'written' ? type : null;
      assert.equal(actual, expected, `ct_${symbol}:${parameter}`);
    });
  }
});
