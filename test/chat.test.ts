// `chatbot-chat` as scripts use it, with a tiny model. What needs a process, such as a signal or a pipe, has one; the rest
// runs in the process of the tests. What the program says at a terminal is tested elsewhere.

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { before, describe, test } from 'node:test';
import { kernelLibrary } from '../src/device/cpu/compiler.js';
import { ExitCode } from '../src/errors.js';
import { chatHere } from './chat-here.js';
import { repositoryRoot } from './repository.js';
import { makeTinyModel, type Outcome, scratchFolder, tinyConfig } from './tiny-run.js';

const main = join(repositoryRoot, 'dist/src/cli/chat/main.js');
const root = scratchFolder('chat');
const model = makeTinyModel(join(root, 'model'));
const reversed = makeTinyModel(join(root, 'reversed'), { ...tinyConfig, dialogueOrder: 'reversed' });
const short = ['--max-new-tokens', '4'];

function start(words: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable> {
  const env = { ...process.env, HF_HUB_OFFLINE: '1' };
  return spawn(process.execPath, [main, ...words], { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Runs it to its end on this input. */
async function chat(words: readonly string[], input: string | Uint8Array = ''): Promise<Outcome> {
  const child = start(words);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece;
    });
  // Who refuses its flags does not wait for its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, ...text };
}

/** Runs a shell's line in which `chat` is the program. */
function shell(line: string) {
  const command = `chat() { "${process.execPath}" "${main}" "$@"; }; ${line}`;
  return spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: root });
}

function parsed(line: string): Record<string, unknown> {
  const value: unknown = JSON.parse(line);
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value };
}

// The kernels are compiled here where they are not in the cache, which a run says on stderr.
before(() => {
  kernelLibrary();
});

describe('a script', { concurrency: 2 }, () => {
  test('gets the reply alone', async () => {
    const { code, stdout, stderr } = await chat([model, ...short], 'Does money buy happiness?\n');
    assert.equal(stderr, '');
    assert.match(stdout, /^[^\n]+\n$/);
    assert.equal(code, ExitCode.ok);
  });

  test('gets a line for every line, of one conversation, and the same ones again', async () => {
    const input = 'hello\n\nhow are you\r\nbye';
    const [once, again, other] = await Promise.all([
      chat([model, ...short], input),
      chatHere([model, ...short], input),
      chatHere([model, ...short, '--seed', '7'], input),
    ]);
    assert.match(once.stdout, /^(?:[^\n]+\n){3}$/);
    assert.deepEqual(once, again);
    assert.notEqual(once.stdout, other.stdout);
    const lines = (await chatHere([model, ...short, '--json'], input)).stdout
      .trimEnd()
      .split('\n')
      .map(parsed);
    const prompts = lines.map(({ prompt_tokens: count }) => Number(count));
    assert.ok((prompts[0] ?? 0) < (prompts[1] ?? 0), 'what was said before is read again');
  });

  test('gets one line of JSON for --prompt --json', async () => {
    const { code, stdout } = await chatHere([model, ...short, '--prompt', 'Hi!', '--json']);
    assert.equal(code, ExitCode.ok);
    const reply = parsed(stdout);
    assert.deepEqual(Object.keys(reply), [
      ...['reply', 'tokens', 'seconds', 'tokens_per_second', 'finish_reason'],
      ...['prompt_tokens', 'dropped_turns', 'seconds_to_first_token'],
    ]);
    assert.equal(reply.finish_reason, 'length');
    assert.equal(reply.tokens, 4);
  });

  for (const flags of [
    ['--candidates', '3'],
    ['--beams', '3'],
    ['--mmi', reversed, '--candidates', '3'],
  ])
    test(`gets the best of several with ${flags.map((word) => word.replace(root, '')).join(' ')}`, async () => {
      const { stdout, stderr } = await chatHere([model, ...short, '--prompt', 'Hi!', '--json', ...flags]);
      assert.equal(stderr, '');
      const { reply, candidates } = parsed(stdout);
      assert.ok(Array.isArray(candidates));
      assert.equal(candidates.length, 3);
      assert.equal(candidates[0].reply, reply);
      const scores: number[] = candidates.map(({ score }) => score);
      assert.deepEqual(
        scores,
        scores.toSorted((one, other) => other - one),
      );
    });

  test('keeps the oldest turns out when the context is full', async () => {
    const input = 'one two three four\n'.repeat(4);
    const { code, stdout } = await chatHere([model, ...short, '--json'], input);
    assert.equal(code, ExitCode.ok);
    assert.ok(Number(parsed(stdout.trimEnd().split('\n').at(-1) ?? '').dropped_turns) > 0);
  });

  test('that has nothing to say gets nothing', async () => {
    assert.deepEqual(await chatHere([model], ' \n\n'), { code: 0, stdout: '', stderr: '' });
    const { status, stdout } = shell(`chat "${model}" <&-`);
    assert.deepEqual([status, stdout], [0, '']);
  });

  test('that reads no further ends it well', () => {
    const { status, stdout, stderr } = shell(
      `{ yes hello | head -n 1000 | chat "${model}" --max-new-tokens 1; echo "ended with $?" >&2; } | head -n 1`,
    );
    assert.match(stdout, /^[^\n]+\n$/);
    assert.equal(stderr.split('\n').at(-2), 'ended with 0');
    assert.doesNotMatch(stderr, /error/);
    assert.equal(status, 0);
  });

  for (const [signal, expected] of [
    ['SIGINT', ExitCode.interrupted],
    ['SIGTERM', ExitCode.terminated],
  ] as const)
    test(`can stop it with ${signal} while it waits`, async () => {
      const child = start([model, ...short]);
      child.stdin.write('hello\n');
      await once(child.stdout, 'data');
      child.kill(signal);
      const [code] = await once(child, 'close');
      assert.equal(code, expected);
    });

  test('can stop it while it writes, and gets no half reply', async () => {
    const child = start([model, '--max-new-tokens', '1', '--json']);
    child.stdin.on('error', () => {});
    child.stdin.end('hello\n'.repeat(1000));
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout === '') child.kill('SIGINT');
      stdout += text;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, ExitCode.interrupted);
    for (const line of stdout.trimEnd().split('\n')) parsed(line);
  });
});

describe('input that cannot be answered costs a sentence, after the replies before it', {
  concurrency: 2,
}, () => {
  for (const [name, input, code, says] of [
    [
      'a message longer than the context',
      'x'.repeat(200),
      ExitCode.usage,
      /^error: line 3 of the input: the message has 201 tokens, but .*; shorten it\n$/,
    ],
    [
      'a line without end',
      'x'.repeat(2 ** 21),
      ExitCode.usage,
      /^error: line 3 of the input is longer than a megabyte, .*\n$/,
    ],
    [
      'Latin-1',
      Buffer.from('caf\xe9', 'latin1'),
      ExitCode.data,
      /^error: line 3 of the input is not UTF-8; .*\n$/,
    ],
    [
      'a binary file',
      Buffer.from([0, 1, 2]),
      ExitCode.data,
      /^error: line 3 of the input contains a NUL .*\n$/,
    ],
  ] as const)
    test(name, async () => {
      const bytes = Buffer.concat([Buffer.from('hello\n\n'), Buffer.from(input), Buffer.from('\nhello\n')]);
      const outcome = await chatHere([model, ...short], bytes);
      assert.match(outcome.stderr, says);
      assert.match(outcome.stdout, /^[^\n]+\n$/);
      assert.equal(outcome.code, code);
    });

  test('an output that is full', () => {
    const { status, stderr } = shell(`chat "${model}" --prompt Hi! > /dev/full`);
    assert.match(stderr, /^error: the result cannot be written: ENOSPC.*\n$/);
    assert.equal(status, ExitCode.device);
  });
});

interface Case {
  readonly name: string;
  readonly code: number;
  readonly says: RegExp;
  /** Whether it needs the whole program, which checks words and flags before its command starts. */
  readonly byProgram?: true;
  /** @returns what is given instead of a good model. */
  readonly arrange: (folder: string) => readonly string[];
}

/** A copy of the good model without something. */
function damaged(folder: string, damage: (copy: string) => void): readonly string[] {
  const copy = join(folder, 'model');
  cpSync(model, copy, { recursive: true });
  damage(copy);
  return [copy];
}

const given = (name: string, code: number, says: RegExp, ...words: readonly string[]): Case => ({
  ...{ name, code, says },
  arrange: () => words,
});

/** The same, refused by the program before its command starts. */
const misspelt = (...all: Parameters<typeof given>): Case => ({ ...given(...all), byProgram: true });

const cases: readonly Case[] = [
  given(
    'a folder that is not there',
    ExitCode.model,
    /there is no folder .*modl; check its spelling, or name a model of the hub/,
    join(root, 'modl'),
  ),
  given('a folder that is no model', ExitCode.model, /is not a model folder: it holds .*config\.json/, root),
  given('a file', ExitCode.model, /vocab\.json is a file; name the folder/, join(model, 'vocab.json')),
  given('a model that has learned nothing', ExitCode.model, /tiny is a fresh model .* train it/, 'tiny'),
  given('a model of the hub, offline', ExitCode.model, /nobody\/nothing.*HF_HUB_OFFLINE/, 'nobody/nothing'),
  given('a model of reversed conversations', ExitCode.model, /reversed was trained with --reverse/, reversed),
  given(
    'a model that ranks nothing',
    ExitCode.model,
    /--mmi .*model was not trained on reversed/,
    model,
    '--mmi',
    model,
  ),
  {
    name: 'a tokenizer without a token that ends a turn',
    code: ExitCode.model,
    says: /model\/vocab\.json has no "<\|endoftext\|>" token, which ends every turn; use a model /,
    arrange: (folder) =>
      damaged(folder, (copy) => {
        const path = join(copy, 'vocab.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace('<|endoftext|>', '<|end|>'));
      }),
  },
  {
    name: 'a model without a tokenizer',
    code: ExitCode.model,
    says: /vocab\.json/,
    arrange: (folder) => damaged(folder, (copy) => rmSync(join(copy, 'vocab.json'))),
  },
  {
    name: 'a training that has not finished',
    code: ExitCode.model,
    says: /run has not finished; chat with its newest checkpoint, .*run\/checkpoint-20, or /,
    arrange: (folder) => {
      const run = join(folder, 'run');
      for (const step of [3, 20]) cpSync(model, join(run, `checkpoint-${step}`), { recursive: true });
      return [run];
    },
  },
  given('no model', ExitCode.usage, /no model is named: use chatbot-chat <model>; /),
  misspelt(
    'a model after a flag',
    ExitCode.usage,
    /unknown flag --model; give the model without a flag/,
    '--model',
    model,
  ),
  misspelt('two words', ExitCode.usage, /"hello" is not expected .*--prompt/, model, 'hello'),
  misspelt(
    'a misspelt flag',
    ExitCode.usage,
    /unknown flag --temprature; did you mean --temperature\?/,
    model,
    '--temprature',
    '1',
  ),
  misspelt(
    'an unknown flag',
    ExitCode.usage,
    /unknown flag --system; chatbot-chat --help lists all/,
    model,
    '--system',
    'x',
  ),
  misspelt(
    'a flag without its value',
    ExitCode.usage,
    /--num-beams needs a value|--beams needs a value/,
    model,
    '--beams',
  ),
  given(
    'temperature 0',
    ExitCode.usage,
    /--temperature is 0 .* above 0; .* --greedy/,
    model,
    '--temperature',
    '0',
  ),
  given(
    'a negative temperature',
    ExitCode.usage,
    /--temperature is -1 .* above 0; /,
    model,
    '--temperature',
    '-1',
  ),
  given(
    'contradictory flags',
    ExitCode.usage,
    /--greedy and --top-p contradict/,
    model,
    '--greedy',
    '--top-p',
    '0.5',
  ),
  given('an empty message', ExitCode.usage, /--prompt is empty/, model, '--prompt', ' '),
  given(
    'a message that is too long',
    ExitCode.usage,
    /the message has 201 tokens, but .*; shorten it/,
    model,
    '--prompt',
    'x'.repeat(200),
  ),
  given('an unknown device', ExitCode.usage, /--device is "gpu" .* must be/, model, '--device', 'gpu'),
  given('a device that is not there', ExitCode.device, /cuda.*--device cpu/, model, '--device', 'cuda'),
];

describe('refused in one sentence', { concurrency: 2 }, () => {
  // One that the command refuses has a process, too.
  const [first] = cases;
  cases.forEach((each, index) => {
    const { name, code, says, arrange, byProgram = each === first } = each;
    test(name, async () => {
      const folder = join(root, `case-${index}`);
      mkdirSync(folder);
      const outcome = await (byProgram ? chat : chatHere)(arrange(folder), 'hello\n');
      assert.match(outcome.stderr, /^error: [^\n]+\n$/, 'one sentence');
      assert.match(outcome.stderr, says);
      assert.doesNotMatch(outcome.stderr, /bug in chatbot-chat/);
      assert.ok(outcome.stderr.length < 500 + 2 * folder.length, `too long to read: ${outcome.stderr}`);
      assert.equal(outcome.stdout, '');
      assert.equal(outcome.code, code);
    });
  });
});
