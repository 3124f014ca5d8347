// For tests: what a run says of something that it refuses. The command runs inside the test's process, from its words to
// its error; one run of each table is a process of its own, as a person starts it.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ExitCode, type Fault } from '../src/errors.js';
import { chatbotTrain, makeTinyCorpus, makeTinyModel, type Outcome, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

export const root = scratchFolder('bad-input');
export const goodModel = makeTinyModel(join(root, 'model'));
export const goodData = makeTinyCorpus(join(root, 'chats.json'));

process.env.HF_HOME = join(root, 'no-hub');

export interface Place {
  /** A copy of a good model, to be damaged. */
  readonly model: string;
  readonly file: (name: string, content: string | Uint8Array) => string;
  readonly folder: string;
}

export interface BadInput {
  readonly name: string;
  /** The whole sentence. The case's folder is `FOLDER` in it, and the folder of the good inputs `ROOT`. */
  readonly says: string;
  /** Lays the files out. @returns flags besides a good --model, --data and --output-dir. */
  readonly arrange: (place: Place) => readonly string[];
}

/** What depends on the machine or the version of Node. */
const placeholders: readonly (readonly [found: RegExp, placeholder: string])[] = [
  [/\(on CPU: .*\)\.$/m, '(on CPU: MACHINE).'],
  [/JSON \((Expected|Unexpected) .*?\);/, 'JSON (PARSER);'],
];

/** A test for each case: one sentence, the exit code of `fault`, and nothing is written. */
export function testBadInputs(fault: Fault, cases: readonly BadInput[]): void {
  describe(`refused in one sentence with exit code ${ExitCode[fault]}, and nothing is written:`, () => {
    cases.forEach((bad, index) => {
      test(bad.name, () =>
        assertRefused(bad, fault, join(root, `case-${fault}-${index}`), (words) => trainHere(words)),
      );
    });
    const [first] = cases;
    if (first !== undefined)
      test(`${first.name}, in a process of its own`, () =>
        assertRefused(first, fault, join(root, `case-${fault}-program`), chatbotTrain));
  });
}

async function assertRefused(
  { says, arrange }: BadInput,
  fault: Fault,
  folder: string,
  run: (words: readonly string[]) => Promise<Outcome>,
) {
  const model = join(folder, 'model');
  cpSync(goodModel, model, { recursive: true });
  const file: Place['file'] = (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const given = arrange({ model, folder, file });
  const before = readdirSync(folder, { recursive: true }).sort();
  const fallback = (flag: string, value: string) => (given.includes(flag) ? [] : [flag, value]);
  const { code, stdout, stderr } = await run([
    ...fallback('--model', goodModel),
    ...fallback('--data', goodData),
    ...['--output-dir', join(folder, 'out'), '--max-steps', '1', '--quiet'],
    ...given,
  ]);
  const said = placeholders.reduce(
    (text, [found, placeholder]) => text.replace(found, placeholder),
    stderr.replaceAll(folder, 'FOLDER').replaceAll(root, 'ROOT'),
  );
  assert.equal(said, `error: ${says}\n`);
  assert.ok(says.length < 500, 'short enough to read');
  assert.equal(stdout, '');
  assert.equal(code, ExitCode[fault]);
  assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), before, 'nothing is written');
}
