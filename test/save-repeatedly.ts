// Replaces the folder in argv[2] again and again until it is killed. It prints the number of each generation when it is in
// place. Every file of a generation contains its number, so that a mixture of generations can be detected.

import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFolder } from '../src/files/atomic.js';

const [, , folder = '', first = '0'] = process.argv;

for (let generation = Number(first); ; generation++) {
  await replaceFolder(folder, async (temporary) => {
    mkdirSync(join(temporary, 'inner'));
    for (const name of ['weights', join('inner', 'state'), 'config']) {
      writeFileSync(join(temporary, name), `${generation}\n`.repeat(2000));
      await undefined;
    }
  });
  writeSync(1, `${generation}\n`);
}
