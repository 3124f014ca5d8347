import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadedModules } from '../../test/loaded-modules.js';
import { wordsHere } from '../../test/words-here.js';
import { trainOptions } from '../config/train-options.js';
import { entriesOf, flagOf } from '../option-spec.js';
import { chatbotTrain } from './commands.js';

const main = fileURLToPath(new URL('main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'main-'));
after(() => rmSync(folder, { recursive: true }));

function run(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, ...env },
  });
}

test('--help lists every option exactly once, on stdout', () => {
  const { status, stdout, stderr } = run(['--help']);
  assert.equal(status, 0);
  assert.equal(stderr, '');
  const listed = stdout.split('\n').filter((line) => line.startsWith('  --'));
  for (const [key, spec] of entriesOf(trainOptions)) {
    const flag = flagOf(trainOptions, key);
    assert.equal(listed.filter((line) => line.match(/--[a-z0-9-]+/g)?.includes(flag)).length, 1, flag);
    if (spec.alias) assert.match(stdout, new RegExp(`^  --${spec.alias}, ${flag} `, 'm'));
  }
  for (const heading of new Set(entriesOf(trainOptions).map(([, { group }]) => group)))
    assert.equal(stdout.split(`\n${heading}:\n`).length, 2, heading);
  assert.equal(
    listed.length,
    entriesOf(trainOptions).length + 2,
    'besides the table only --help and --version',
  );
});

test('--help loads nothing but commander, the option table and the command line', () => {
  const { ours, packages } = loadedModules(main, ['--help']);
  assert.deepEqual(ours, [
    'cli/commands.js',
    'cli/flag-names.js',
    'cli/flags.js',
    'cli/main.js',
    'cli/program.js',
    'config/device-options.js',
    'config/reading-options.js',
    'config/shipped-configs.js',
    'config/train-options.js',
    'device/names.js',
    'errors.js',
    'objects.js',
    'option-names.js',
    'option-spec.js',
    'quote.js',
    'suggest.js',
  ]);
  assert.deepEqual(packages, ['commander']);
});

test('--version prints the version', () => {
  const { status, stdout } = run(['--version']);
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

writeFileSync(join(folder, 'bad.yaml'), 'seed: 1\nepoch: 3\n');
writeFileSync(join(folder, 'broken.yaml'), 'seed: 1\nmodel: [tiny\n');

const refused: readonly (readonly [words: string, message: string])[] = [
  ['', 'no conversations to train on; name files or folders, for example --data data/'],
  ['--epoch 3', 'unknown flag --epoch; did you mean --epochs?'],
  ['--data x --learning-rat=3', 'unknown flag --learning-rat=3; did you mean --learning-rate?'],
  ['--data x --lr fast', '--learning-rate is "fast" on the command line, but must be a number above 0'],
  ['--epochs', '--epochs needs a value: --epochs, --num-train-epochs <n>'],
  ['--model --data x', '--model needs a value, but --data follows it'],
  ['docter', '"docter" is not a command; did you mean doctor?'],
  ['chats.json', '"chats.json" is not a command; to train on it, use --data chats.json'],
  ['doctor --jsn', 'unknown flag --jsn; did you mean --json?'],
];
for (const [words, message] of refused)
  test(`exit 2 and one sentence: chatbot-train ${words}`, async () => {
    const given = words.split(' ').filter((word) => word !== '');
    const { code, stdout, stderr } = await wordsHere(chatbotTrain(), given);
    assert.equal(stderr, `error: ${message}\n`);
    assert.equal(stdout, '');
    assert.equal(code, 2);
  });

for (const [name, message] of [
  ['none.yaml', 'config file none.yaml does not exist; check the path after --config'],
  ['bad.yaml', 'bad.yaml:2 sets the unknown option "epoch"; did you mean epochs?'],
] as const)
  test(`the program exits 2 with one sentence: --config ${name}`, () => {
    const { status, stdout, stderr } = run(['--config', name]);
    assert.deepEqual([stderr, stdout, status], [`error: ${message}\n`, '', 2]);
  });

test('broken YAML is refused with its line', () => {
  const { status, stderr } = run(['--config', 'broken.yaml']);
  assert.match(stderr, /^error: broken.yaml:\d is not valid YAML: .*\n$/);
  assert.equal(status, 2);
});

test('CHATBOT_TRAIN_DEBUG=1 shows where an error comes from', () => {
  const { status, stderr } = run(['--lr', 'fast', '--data', 'x'], { CHATBOT_TRAIN_DEBUG: '1' });
  assert.match(stderr, /^UserError: .*\n +at /);
  assert.equal(status, 2);
});

test('the doctor says how to get a compiler where there is none, and that TensorFlow.js trains meanwhile', () => {
  const { status, stdout } = run(['doctor', '--json'], { CXX: '/nonexistent/c++', HF_TOKEN: 'hf_secret' });
  assert.equal(status, 0);
  const report: unknown = JSON.parse(stdout);
  assert.ok(typeof report === 'object' && report !== null && 'can_train' in report && 'checks' in report);
  assert.equal(report.can_train, true);
  assert.doesNotMatch(stdout, /hf_secret/);
  assert.equal(stdout.split('\n').length, 2, 'one line');
  const text = run(['doctor'], { CXX: '/nonexistent/c++' }).stdout;
  assert.match(text, /^- +C\+\+ compiler .*\n +to fix it: \S+/m);
  assert.match(text, /^ok +tfjs:wasm +TensorFlow\.js .*SIMD/m);
  assert.match(text, /^This machine can train \(--device tfjs\)\.$/m);
});

test('a reader that goes away does no harm', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" --help | true`], {
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});
