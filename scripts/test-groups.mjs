// Puts light test files together, so that they share one process: to start one costs more than most of them run. It does not
// know what they test. A file that can be seen to change its process, or to depend on it, keeps one of its own.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Not the devices themselves: their native code could end the process without naming the test. */
const rooms =
  /^(?:bench\/|test\/[^/]*$|src\/(?:bots|cli|collect|config|corpus|evaluate|files|generate|html|library|nn|prepare|tokenizer|train|weights)\/)/;

/**
 * Words of compiled files that start programs, threads or devices other than the CPU, change or read the state of their
 * process, or run before each test, which would mean the tests of all files. The comment "own process" gives any other file
 * its own.
 */
const ofOneProcess =
  /child_process|worker_threads|\bmock\b|\bprocess\.(?!platform|getuid|pid\b)|globalThis|^(?:before|beforeEach|afterEach)\(|\bgc\(|prototype|koffi|create(?!Cpu)[A-Z]\w*Device|kernelLibrary|emulator|createServer|fake-|own process/m;

const filesInGroup = 16;

/**
 * @param files absolute paths of compiled test files below `dist`.
 * @param folder where to write the files that import the members of a group.
 * @returns files for the test runner, with groups in place of their members.
 */
export function inGroups(files, dist, folder) {
  const place = (file) => relative(dist, file).split(sep).join('/');
  const light = files.filter(
    (file) => rooms.test(place(file)) && !ofOneProcess.test(readFileSync(file, 'utf8')),
  );
  const byRoom = new Map();
  for (const file of light) {
    const [first = '', second = ''] = place(file).split('/').slice(0, -1);
    const room = second === '' ? first : second;
    byRoom.set(room, [...(byRoom.get(room) ?? []), file]);
  }
  const groups = [...byRoom].flatMap(([room, members]) =>
    Array.from({ length: Math.ceil(members.length / filesInGroup) }, (_, index) => {
      const path = join(folder, `${room}-${index + 1}.test.mjs`);
      const some = members.slice(index * filesInGroup, (index + 1) * filesInGroup);
      writeFileSync(path, some.map((file) => `import '${pathToFileURL(file)}';\n`).join(''));
      return path;
    }),
  );
  return [...groups, ...files.filter((file) => !light.includes(file))];
}
