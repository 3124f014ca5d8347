// Places that a run cannot write to, or should not: taken folders, disks that are read-only, too small or full.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ExitCode } from '../src/errors.js';
import { checkpointSteps } from '../src/train/checkpoint.js';
import { startRun } from '../src/train/run.js';
import { openModelFolder } from '../src/weights/model-folder.js';
import { goodData, goodModel, root } from './bad-input.js';
import { disksCanBeMounted, fillDisk, withDisk } from './small-disk.js';
import { listing, makeTinyCorpus } from './tiny-run.js';
import { trainHere } from './train-here.js';

const words = (output: string, ...more: readonly string[]) => [
  ...['--model', goodModel, '--data', goodData, '--output-dir', output, '--quiet', '--eval-ratio', '0'],
  ...more,
];

/** What a run of one step says, after `error: `. */
async function refused(output: string, exitCode: number): Promise<string> {
  const { code, stdout, stderr } = await trainHere(words(output, '--max-steps', '1'));
  assert.equal(code, exitCode);
  assert.equal(stdout, '');
  return /^error: (.*)\n$/.exec(stderr.replaceAll(root, 'ROOT'))?.[1] ?? assert.fail(stderr);
}

describe('an output folder is refused, and stays as it is,', () => {
  test('when its run ended before the first checkpoint', async () => {
    const output = join(root, 'diary');
    mkdirSync(output);
    const diary = join(output, 'metrics.jsonl');
    writeFileSync(diary, '{"step":1,"epoch":0.1,"loss":2}\n');
    assert.equal(
      await refused(output, ExitCode.usage),
      '--output-dir ROOT/diary holds another run; resume it with --resume, or name another folder',
    );
    assert.equal(readFileSync(diary, 'utf8'), '{"step":1,"epoch":0.1,"loss":2}\n');
  });

  test('when it holds another run', async () => {
    const output = join(root, 'occupied');
    assert.equal((await trainHere(words(output, '--max-steps', '1'))).code, 0);
    const before = listing(output);
    assert.equal(
      await refused(output, ExitCode.usage),
      '--output-dir ROOT/occupied holds another run; resume it with --resume, or name another folder',
    );
    assert.deepEqual(listing(output), before);
  });

  test('when it holds a model', async () => {
    const before = listing(goodModel);
    assert.equal(
      await refused(goodModel, ExitCode.usage),
      '--output-dir ROOT/model holds a model; name another folder',
    );
    assert.deepEqual(listing(goodModel), before);
  });

  test('when it is a file', async () => {
    const output = join(root, 'taken');
    copyFileSync(goodData, output);
    assert.equal(await refused(output, ExitCode.usage), '--output-dir ROOT/taken is a file; name a folder');
    assert.deepEqual(readFileSync(output), readFileSync(goodData));
  });

  test('when it cannot be made', async () => {
    assert.equal(
      await refused(join(goodData, 'out'), ExitCode.device),
      'cannot save ROOT/chats.json/out: a file is where a folder is needed; move it away or choose another folder',
    );
  });
});

test('a run that no machine has the memory for is refused before it starts', async () => {
  const output = join(root, 'huge');
  const many = makeTinyCorpus(join(root, 'many.json'), 9000);
  const { code, stderr } = await trainHere([
    ...['--model', 'large', '--data', many, '--output-dir', output, '--quiet'],
    ...['--no-packing', '--max-length', '1024', '--batch-size', '8000'],
  ]);
  assert.match(
    stderr,
    /^error: training needs [\d.]+ [GT]B of memory \(.*\), but [\d.]+ GB are available \([\d.]+ [GT]B too little\); .*\n$/,
  );
  assert.equal(code, ExitCode.device);
  assert.ok(!existsSync(output));
});

if (disksCanBeMounted)
  describe('a disk', () => {
    const nineCheckpoints = ['--max-steps', '9', '--save-steps', '1'];

    test('that is read-only is refused', () =>
      withDisk('ro', async (disk) => {
        assert.equal(
          (await refused(disk, ExitCode.device)).replaceAll(disk, 'DISK'),
          'cannot save DISK: the file system is read-only; choose another folder',
        );
        assert.equal(
          (await refused(join(disk, 'out'), ExitCode.device)).replaceAll(disk, 'DISK'),
          'cannot save DISK/out: the file system is read-only; choose another folder',
        );
      }));

    test('that is too small for the checkpoints is refused before the first step', () =>
      withDisk('size=1500k', async (disk) => {
        const output = join(disk, 'run');
        const { code, stderr } = await trainHere(words(output, ...nineCheckpoints));
        assert.equal(
          stderr.replaceAll(disk, 'DISK'),
          'error: the run would write 3.4 MB to DISK/run (up to 9 checkpoints of 362 kB, and the model), but 1.5 MB are free; it fits with --save-total-limit 2; or free some space, or name an --output-dir on another disk\n',
        );
        assert.equal(code, ExitCode.device);
        assert.deepEqual(readdirSync(disk), []);
      }));

    test('that another file fills during the run leaves the last good checkpoint, and the run can go on', () =>
      withDisk('size=20m', async (disk) => {
        const output = join(disk, 'run');
        let filler = '';
        const { code, stderr } = await trainHere(words(output, ...nineCheckpoints), (options, watcher) =>
          startRun(options, {
            ...watcher,
            step: (event) => {
              if (event.step === 3) filler = fillDisk(disk);
              watcher.step(event);
            },
          }),
        );
        assert.equal(
          stderr.replaceAll(disk, 'DISK').replace(/checkpoint-3[^:]+/, 'FILE'),
          'error: cannot save DISK/run/.FILE: the disk is full; free some space or choose another folder\n',
        );
        assert.equal(code, ExitCode.device);
        const steps = checkpointSteps(output);
        assert.ok(steps.length > 0);
        for (const step of steps) {
          const model = openModelFolder(join(output, `checkpoint-${step}`));
          for (const name of model.names) model.read(name);
        }
        const hidden = readdirSync(output).filter((name) => name.startsWith('.'));
        assert.deepEqual(hidden, []);
        rmSync(filler);
        const resumed = await trainHere(words(output, ...nineCheckpoints, '--resume'));
        assert.equal(resumed.code, 0, resumed.stderr);
        assert.equal(checkpointSteps(output).at(-1), 9);
      }));
  });
