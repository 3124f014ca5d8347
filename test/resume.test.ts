// A resumed run equals an uninterrupted one bit for bit: weights, moments, state and losses. Also checks the messages of
// --resume when it cannot continue.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as nextTurn } from 'node:timers/promises';
import { checkpointSteps } from '../src/train/checkpoint.js';
import { substance } from './substance.js';
import {
  chatbotTrain,
  listing,
  main,
  makeTinyCorpus,
  makeTinyModel,
  scratchFolder,
  startChatbotTrain,
} from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('resume');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'), 160);

/** 27 steps of 2 micro-batches with the model's dropout, logged every 3 steps so that a stop falls between two logs. */
const words = [
  ...['--model', model, '--data', data, '--max-length', '64', '--batch-size', '2', '--grad-accum', '2'],
  ...['--lr', '1e-3', '--logging-steps', '3', '--eval-steps', '10', '--save-steps', '7', '--threads', '2'],
  ...['--eval-replies', '4'],
];
const until = (steps: number, folder: string) => [
  ...words,
  '--max-steps',
  String(steps),
  '--output-dir',
  folder,
];

const whole = join(root, 'whole');

test('a run without interruption', async () => {
  const { code, stderr } = await chatbotTrain(until(27, whole));
  assert.equal(code, 0, stderr);
  assert.equal(substance(whole).newest, 'checkpoint-27');
});

// One at a time: a run inside this process would delay the signals for a run that is to be interrupted.
describe('runs compared with it', () => {
  for (const [signal, exitCode, moment] of [
    ['SIGINT', 130, /^step 6\//],
    ['SIGTERM', 143, /^step 9\//],
    ['SIGHUP', 129, /^step 12\//],
  ] as const)
    test(`${signal} saves and exits ${exitCode}, and --resume ends with the bits of a run without interruption`, async () => {
      const folder = join(root, signal);
      const running = startChatbotTrain(until(27, folder));
      assert.notEqual(await running.line(moment), null);
      running.child.kill(signal);
      const { code, stderr, stdout } = await running.outcome;
      assert.equal(code, exitCode, stderr);
      assert.match(stdout, /^Stopped after step \d+, saved in .*SIG/m);
      assert.match(stdout, /--resume continues from there/);
      assert.doesNotMatch(
        readdirSync(folder).join(),
        /model\.safetensors/,
        'an unfinished model is not published',
      );
      const stopped = Number(/Stopped after step (\d+)/.exec(stdout)?.[1]);
      assert.ok(stopped >= 6 && stopped < 27, `stopped at ${stopped}`);
      assert.ok(readdirSync(folder).includes(`checkpoint-${stopped}`));

      const resumed = await trainHere([...until(27, folder), '--resume']);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stderr, new RegExp(`continuing after step ${stopped}$`, 'm'));
      assert.deepEqual(substance(folder), substance(whole));
    });

  for (const [what, launcher] of [
    ['nohup', ['bash', '-c', 'trap : HUP; nohup "$0" "$@"; exit $?']],
    ['a shell that ignores SIGHUP', ['sh', '-c', `trap '' HUP; "$0" "$@"; exit $?`]],
  ] as const)
    test(`SIGHUP does not stop a run under ${what}`, {
      skip: process.platform !== 'linux' && 'only Linux shows what a parent ignores',
    }, async () => {
      const running = startChatbotTrain(until(12, join(root, `kept-${launcher[0]}`)), launcher);
      assert.notEqual(await running.line(/^step 3\//), null);
      process.kill(-(running.child.pid ?? 0), 'SIGHUP');
      const { code, stderr, stdout } = await running.outcome;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^note: SIGHUP ignored, because nohup is in use; the run continues$/m);
      assert.match(stdout, /^Trained 12 steps/m);
    });

  test('closing the terminal sends SIGHUP, and the process saves and exits', {
    skip: spawnSync('script', ['-qfec', 'true', '/dev/null']).status !== 0 && 'there is no script(1) here',
  }, async () => {
    const folder = join(root, 'closed');
    const exitCode = join(root, 'closed-exit-code');
    const script = join(root, 'closed.sh');
    // The shell that reports the exit code handles SIGHUP, so that it outlives its terminal. What it starts does not
    // inherit a handler. The session's leader does not handle it and dies, on which the kernel hangs up the others.
    writeFileSync(
      script,
      `trap : HUP; "${process.execPath}" "${main}" ${until(100_000, folder).join(' ')} --eval-ratio 0.01 --save-steps 1000; echo $? > "${exitCode}"`,
    );
    const terminal = spawn('script', ['-qfec', `sh "${script}"; true`, '/dev/null'], {
      env: { ...process.env, SHELL: '/bin/sh', _: undefined },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let screen = '';
    for await (const text of terminal.stdout.setEncoding('utf8')) {
      screen += text;
      if (/ [1-9]\d*\/\S+ \| loss/.test(screen)) break;
    }
    terminal.kill('SIGKILL');
    while (!existsSync(exitCode) || readFileSync(exitCode, 'utf8') === '') await nextTurn(20);
    assert.equal(readFileSync(exitCode, 'utf8'), '129\n', screen);
    const stopped = checkpointSteps(folder).at(-1) ?? 0;
    assert.ok(stopped > 0 && stopped < 100_000, `stopped at ${stopped}`);
  });

  test('in bf16: a resumed run ends with the bits of one without interruption', async () => {
    const [uninterrupted, stopped] = [join(root, 'bf16'), join(root, 'bf16-stopped')];
    const inBf16 = (steps: number, folder: string) => [
      ...until(steps, folder),
      ...['--precision', 'bf16', '--lr-scheduler-type', 'constant'],
    ];
    for (const [steps, folder, ...more] of [
      [12, uninterrupted],
      [7, stopped],
      [12, stopped, '--resume'],
    ] as const) {
      const { code, stderr } = await trainHere([...inBf16(steps, folder), ...more]);
      assert.equal(code, 0, stderr);
    }
    const { newestModel, optimizer } = substance(stopped);
    const expected = substance(uninterrupted);
    assert.deepEqual([newestModel, optimizer], [expected.newestModel, expected.optimizer]);
  });

  test('interrupted twice, the second time during an evaluation or step of the resumed run', async () => {
    const folder = join(root, 'twice');
    for (const moment of [/^step 3\//, /^evaluation at step 10/]) {
      const running = startChatbotTrain([...until(27, folder), '--resume']);
      assert.notEqual(await running.line(moment), null);
      running.child.kill('SIGTERM');
      const { code, stderr } = await running.outcome;
      assert.equal(code, 143, stderr);
    }
    const resumed = await trainHere([...until(27, folder), '--resume']);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(substance(folder), substance(whole));
  });

  test('going back to a checkpoint sets aside the later ones', async () => {
    const folder = join(root, 'back');
    const limit = ['--save-total-limit', '1', '--early-stopping-patience', '0'];
    cpSync(whole, folder, { recursive: true });
    const running = startChatbotTrain([
      ...until(27, folder),
      ...limit,
      '--resume',
      join(folder, 'checkpoint-7'),
    ]);
    assert.notEqual(await running.line(/^checkpoint at step 10:/), null);
    running.child.kill('SIGKILL');
    await running.outcome;
    assert.ok(readdirSync(folder).includes('checkpoint-10') || readdirSync(folder).includes('checkpoint-14'));
    assert.ok(!readdirSync(folder).includes('checkpoint-27'));
    const { code, stderr } = await trainHere([...until(27, folder), ...limit, '--resume']);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /continuing after step 27$/m);
    assert.deepEqual(substance(folder), substance(whole));
  });

  test('a second run into the same folder is refused, and the first is not disturbed', async () => {
    const folder = join(root, 'shared');
    const first = startChatbotTrain(until(27, folder));
    assert.notEqual(await first.line(/^step 3\//), null);
    first.child.kill('SIGSTOP');
    const before = listing(folder);
    const second = await trainHere([...until(27, folder), '--resume', '--quiet']);
    assert.match(
      second.stderr,
      /^error: .*shared is in use by another run \(process \d+ on .*\); wait until /,
    );
    assert.equal(second.code, 2);
    assert.deepEqual(listing(folder), before);
    first.child.kill('SIGCONT');
    const { code, stderr } = await first.outcome;
    assert.equal(code, 0, stderr);
    assert.deepEqual(substance(folder), substance(whole));
  });

  test('an early stop comes at the same evaluation after going back', async () => {
    const folder = join(root, 'stopping');
    const overfitting = [...until(200, folder), '--lr', '0.1', '--eval-steps', '3', '--dropout', '0'];
    const { code, stdout } = await trainHere([...overfitting, '--early-stopping-patience', '2']);
    assert.equal(code, 0);
    assert.match(stdout, /stopped early/);
    const before = substance(folder);
    const again = await trainHere([
      ...overfitting,
      ...['--early-stopping-patience', '2', '--resume', join(folder, 'checkpoint-7')],
    ]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(substance(folder), before);
  });

  test('a finished short run can be resumed with more steps', async () => {
    // Every run logs its last step. The short run's last step is also logged by the long run.
    const constant = ['--lr-scheduler-type', 'constant', '--logging-steps', '5'];
    const long = join(root, 'long');
    assert.equal((await trainHere([...until(20, long), ...constant])).code, 0);
    const short = join(root, 'short');
    assert.equal((await trainHere([...until(10, short), ...constant])).code, 0);
    const { code, stderr } = await trainHere([...until(20, short), ...constant, '--resume']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(substance(short), substance(long));
  });

  test('--resume without a checkpoint starts from the beginning and says so', async () => {
    const folder = join(root, 'fresh');
    const { code, stderr } = await trainHere([...until(2, folder), '--resume']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: .*fresh contains no checkpoint yet: starting from the beginning$/m);
  });

  test('--resume FOLDER without a checkpoint is refused', async () => {
    const folder = join(root, 'none');
    const { code, stderr, stdout } = await trainHere([...until(2, folder), '--resume', join(root, 'model')]);
    assert.equal(stderr, `error: --resume: ${join(root, 'model')} contains no checkpoint; check the path\n`);
    assert.equal(stdout, '');
    assert.equal(code, 2);
    assert.ok(!readdirSync(root).includes('none'));
  });

  for (const [what, file, damage] of [
    ['a checkpoint cut short', 'optimizer.safetensors', (path: string) => truncateSync(path, 5000)],
    [
      'a state that is no JSON',
      'trainer_state.json',
      (path: string) => writeFileSync(path, '{"global_step": 3'),
    ],
    [
      'a state of another program',
      'trainer_state.json',
      (path: string) => writeFileSync(path, '{"log_history": []}'),
    ],
  ] as const)
    test(`${what} is refused with its reason`, async () => {
      const folder = join(root, `damaged-${file}-${what.length}`);
      cpSync(join(whole, 'checkpoint-7'), join(folder, 'checkpoint-7'), { recursive: true });
      const path = join(folder, 'checkpoint-7', file);
      damage(path);
      const before = listing(folder);
      const { code, stderr } = await trainHere([...until(27, folder), '--quiet', '--resume']);
      assert.match(stderr, /^error: .*\n$/);
      assert.ok(stderr.includes(path), stderr);
      assert.equal(code, 4);
      assert.deepEqual(listing(folder), before);
    });
});

describe('a damaged newest checkpoint', () => {
  const folder = join(root, 'damaged-newest');
  const damaged = join(folder, 'checkpoint-27');
  const weights = join(damaged, 'model.safetensors');
  before(() => {
    cpSync(whole, folder, { recursive: true });
    const bytes = readFileSync(weights);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(weights, bytes);
  });

  test('is refused when it is named, and the message names the newest undamaged one and the flag to use it', async () => {
    const before = listing(folder);
    const { code, stderr } = await trainHere([...until(27, folder), '--quiet', '--resume', damaged]);
    assert.equal(
      stderr,
      `error: ${weights} is damaged: its SHA-256 is not the one in SHA256SUMS; ` +
        `to use the newest undamaged checkpoint of this run, pass --resume ${join(folder, 'checkpoint-21')}\n`,
    );
    assert.equal(code, 4);
    assert.deepEqual(listing(folder), before);
  });

  test('is skipped by --resume alone, which says so and keeps it', async () => {
    const { code, stderr } = await trainHere([...until(27, folder), '--resume']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: .*checkpoint-27\/model\.safetensors is damaged: its SHA-256 .*$/m);
    assert.match(stderr, /^note: resuming from .*checkpoint-21, the newest undamaged checkpoint$/m);
    const [, aside = ''] = /later checkpoints are now in (.*)$/m.exec(stderr) ?? [];
    assert.deepEqual(checkpointSteps(aside), [27]);
    assert.deepEqual(substance(folder), substance(whole));
  });
});

test('a checkpoint without checksums, as earlier versions saved them, is resumed with a note', async () => {
  const folder = join(root, 'earlier-version');
  cpSync(whole, folder, { recursive: true });
  for (const step of checkpointSteps(folder)) {
    const checkpoint = join(folder, `checkpoint-${step}`);
    if (step > 14) rmSync(checkpoint, { recursive: true });
  }
  for (const step of checkpointSteps(folder)) {
    const checkpoint = join(folder, `checkpoint-${step}`);
    rmSync(join(checkpoint, 'SHA256SUMS'));
    const path = join(checkpoint, 'trainer_state.json');
    const { evaluation_fingerprint: _, ...earlier } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(earlier));
  }
  const { code, stderr } = await trainHere([...until(27, folder), '--resume']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^note: .*checkpoint-14 has no checksums, because an earlier version saved it; /m);
  const { state, ...rest } = substance(folder);
  const { state: _, ...expected } = substance(whole);
  assert.deepEqual(rest, expected);
});

test('going back to an older checkpoint by name repeats what came after it', async () => {
  const folder = join(root, 'whole');
  const before = substance(folder);
  const later = checkpointSteps(folder).filter((step) => step > 14);
  const { code, stderr } = await trainHere([...until(27, folder), '--resume', join(folder, 'checkpoint-14')]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /continuing after step 14$/m);
  // The later checkpoints are not lost.
  const [, aside = ''] = /later checkpoints are now in (.*)$/m.exec(stderr) ?? [];
  assert.ok(later.length > 0);
  assert.deepEqual(checkpointSteps(aside), later);
  assert.deepEqual(substance(folder), before);
});

test('a checkpoint of one run is not resumed in the folder of another', async () => {
  const other = join(root, 'SIGINT');
  const before = listing(other);
  const { code, stderr } = await trainHere([...until(30, other), '--resume', join(whole, 'checkpoint-14')]);
  assert.match(stderr, /^error: --output-dir .*SIGINT holds another run; .*\n$/);
  assert.equal(code, 2);
  assert.deepEqual(listing(other), before);
});

test('--resume without a checkpoint does not write over a model', async () => {
  const before = listing(model);
  const { code, stderr } = await trainHere([...until(2, model), '--quiet', '--resume']);
  assert.match(stderr, /^error: --output-dir .*model holds a model; name another folder\n$/);
  assert.equal(code, 2);
  assert.deepEqual(listing(model), before);
});

test('another --model than that of the run has no effect, and a note says so', async () => {
  const { code, stderr } = await trainHere([...until(27, whole), '--model', 'small', '--resume']);
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^note: --model small has no effect: the run resumes with the checkpoint's own model, which began as .*model$/m,
  );
  assert.doesNotMatch((await trainHere([...until(27, whole), '--resume'])).stderr, /has no effect/);
});

test('--resume of a finished run trains nothing and leaves its numbers as they are', async () => {
  const before = substance(whole);
  const { code, stderr, stdout } = await trainHere([...until(27, whole), '--resume']);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /^step /m);
  assert.match(stdout, /^Trained 27 steps/m);
  assert.match(
    stderr,
    /^note: the run in .*whole is finished: all 27 steps are done; to train further, resume it with a larger --max-steps \(now 27\), or start a new run with --model .*checkpoint-27 and another --output-dir$/m,
  );
  assert.doesNotMatch(stderr, /other options than before/);
  assert.deepEqual(substance(whole), before);
});

test('changed options are reported with their old values, also by a dry run', async () => {
  const { code, stderr } = await trainHere([
    ...until(40, whole),
    ...['--resume', '--dry-run', '--lr', '5e-4', '--save-steps', '9', '--no-load-best-model-at-end'],
  ]);
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^note: the run continues after step 27 with other options than before: --max-steps 40 \(was --max-steps 27\), --learning-rate 0\.0005 \(was --learning-rate 0\.001\), --no-load-best-model-at-end \(was --load-best-model-at-end\)$/m,
  );
  assert.doesNotMatch(stderr, /is finished/);
});

test('a checkpoint of the Hugging Face Trainer is not resumed, but its weights are for --model', async () => {
  const run = join(root, 'hf-run');
  const checkpoint = join(run, 'checkpoint-500');
  cpSync(model, checkpoint, { recursive: true });
  writeFileSync(join(checkpoint, 'trainer_state.json'), '{"global_step": 500, "log_history": []}');
  for (const named of [run, checkpoint]) {
    const { code, stderr } = await trainHere([
      ...until(2, join(root, 'from-hf')),
      ...['--quiet', '--resume', named],
    ]);
    assert.match(
      stderr,
      /^error: cannot resume: .*checkpoint-500 is a checkpoint of the Hugging Face Trainer, .*; use --model .*checkpoint-500 to start/,
    );
    assert.equal(code, 4);
  }
  const words = until(2, join(root, 'from-hf')).map((word) => (word === model ? checkpoint : word));
  assert.equal((await trainHere(words)).code, 0);
});

const otherData = makeTinyCorpus(join(root, 'other.json'), 90);
for (const [what, flags] of [
  ['data', ['--data', otherData]],
  ['evaluation data', ['--eval-data', otherData]],
  ['a seed', ['--seed', '7']],
  ['batch size', ['--batch-size', '4']],
] as const)
  test(`a run is not resumed with other ${what}, and stays as it is`, async () => {
    const without = what === 'data' ? words.filter((word) => word !== '--data' && word !== data) : words;
    const before = listing(whole);
    const { code, stderr } = await trainHere([
      ...without,
      ...['--max-steps', '50', '--output-dir', whole, '--resume'],
      ...flags,
    ]);
    assert.match(
      stderr,
      new RegExp(
        `^error: cannot resume .*whole.*: it was trained on other data: .*${flags.join(' ').slice(2)} \\(was .*\n$`,
      ),
    );
    assert.equal(code, 2);
    assert.deepEqual(listing(whole), before);
  });
