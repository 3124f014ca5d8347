// `chatbot-chat` as a person has it: the program in a pseudo-terminal, keys in, screen out. Runs in its own process:
// nothing else may delay its keys.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { keys, noPty, Pty } from './pty.js';
import { repositoryRoot } from './repository.js';
import { chatbotTrain, makeTinyModel, scratchFolder, tinyConfig } from './tiny-run.js';

const root = scratchFolder('terminal');
const program = join(repositoryRoot, 'dist/src/cli/chat/main.js');
/** Has room for a reply that nobody waits for. */
const patient = makeTinyModel(join(root, 'patient'), { ...tinyConfig, nPositions: 16384 });
const small = makeTinyModel(join(root, 'small'));

const started: Pty[] = [];
after(() => {
  for (const pty of started) pty.kill();
});

interface Start {
  readonly model?: string;
  readonly flags?: readonly string[];
  readonly state?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

let states = 0;

/** At its first prompt. */
async function chat(start: Start = {}): Promise<Pty> {
  const { model = small, flags = [], state = join(root, `state${states++}`), environment } = start;
  const pty = new Pty([program, model, '--threads', '1', '--max-new-tokens', '8', ...flags], {
    folder: root,
    environment: { XDG_STATE_HOME: state, HF_HUB_OFFLINE: '1', NO_COLOR: '1', ...environment },
  });
  started.push(pty);
  await prompted(pty);
  return pty;
}

/** Waits for the next prompt. */
async function prompted(pty: Pty): Promise<void> {
  await pty.expect(/(^|\n)> $/);
}

/** Types a line and waits for the prompt after what comes of it. @returns what came. */
async function typed(pty: Pty, line: string): Promise<string> {
  pty.line(line);
  await pty.expect(/\n/);
  const [answer] = await pty.expect(/^(?:.*\n)?> $/s);
  return answer.slice(0, -2).trim();
}

async function left(pty: Pty): Promise<void> {
  pty.send(keys.ctrlD);
  assert.equal(await pty.exit, 0, pty.output);
}

const endless = ['--min-new-tokens', '8000', '--max-new-tokens', '8000'];

describe('a conversation in a terminal', { skip: noPty }, () => {
  test('streams the reply; Ctrl+C stops it and not the program', async () => {
    const pty = await chat({ model: patient, flags: endless });
    pty.line('hello');
    await pty.expect(/hello\n/);
    // Two pieces before the end: what comes first is there while the rest is not.
    const [first] = await pty.expect(/^./su);
    const [second] = await pty.expect(/^.{5}/su);
    assert.doesNotMatch(pty.output, /stopped|cut/);
    pty.send(keys.ctrlC);
    await pty.expect(/\n\(stopped\)\n/);
    await prompted(pty);
    const history = await typed(pty, '/show history');
    assert.ok(history.startsWith(`> hello\n${first}${second}`), 'what was shown stays in the conversation');
    assert.match(await typed(pty, '/stats'), /^reply {8}\d[\d,]* tokens in /);
    await left(pty);
  });

  test('keys typed during a reply wait for its end, and those before Ctrl+C are forgotten', async () => {
    const pty = await chat({ model: patient, flags: endless });
    pty.line('hello');
    await pty.expect(/hello\n.{3}/su);
    pty.line('forgotten');
    pty.send(keys.ctrlC);
    await pty.expect(/\(stopped\)/);
    await prompted(pty);
    assert.doesNotMatch(pty.output, /forgotten/);
    assert.match(await typed(pty, '/undo'), /taken back: hello/);
    await typed(pty, '/set min-new-tokens 1');
    await typed(pty, '/set max-new-tokens 4');
    // Two lines at once, as when they are pasted: two exchanges.
    pty.send('one\rtwo\r');
    await pty.expect(/^one\n.*\n> two\n.*\n> $/s);
    assert.match(await typed(pty, '/show history'), /^> one\n.*\n> two\n/s);
    await left(pty);
  });

  test('Ctrl+C at the prompt clears the line and says how to leave', async () => {
    const pty = await chat();
    pty.send('half a thou');
    await pty.expect(/half a thou/);
    pty.send(keys.ctrlC);
    await pty.expect(/Ctrl\+D or \/exit ends the program\n/);
    await prompted(pty);
    assert.match(await typed(pty, '/show history'), /the conversation is empty/);
    pty.line('"""begun');
    await pty.expect(/\.\.\. $/);
    pty.send(keys.ctrlC);
    await prompted(pty);
    await left(pty);
  });

  test('leaves at /exit', async () => {
    const pty = await chat();
    pty.line('/exit');
    assert.equal(await pty.exit, 0);
  });

  test('/undo, /retry and /reset', async () => {
    const pty = await chat();
    const first = await typed(pty, 'hi');
    const second = await typed(pty, '/retry');
    assert.notEqual(second, first);
    assert.equal(await typed(pty, '/undo'), 'taken back: hi');
    assert.equal(await typed(pty, 'hi'), first, 'the same conversation draws the same');
    await typed(pty, '/set greedy true');
    const greedy = await typed(pty, '/retry');
    assert.equal(
      await typed(pty, '/retry'),
      `${greedy}\n(the same reply: greedy decoding is deterministic; /set greedy false samples)`,
    );
    await typed(pty, '/reset');
    assert.equal(await typed(pty, '/show history'), 'the conversation is empty');
    await left(pty);
  });

  test('/set changes the next reply and refuses what cannot be', async () => {
    const pty = await chat();
    assert.equal(await typed(pty, '/set max-new-tokens 1'), 'max-new-tokens  1');
    await typed(pty, 'hi');
    assert.match(await typed(pty, '/stats'), /^reply {8}1 tokens? in/);
    for (const [line, sentence] of [
      ['/set temperature 0', /^--temperature is 0 in \/set, but must be a number above 0/],
      ['/set temperature -1', /^--temperature is -1 in \/set/],
      ['/set top-p much', /^--top-p is "much" in \/set/],
      ['/set tempratur 1', /^there is no setting "tempratur"; did you mean temperature\?$/],
      ['/sett', /^\/sett is not a command; did you mean \/set\?$/],
    ] as const)
      assert.match(await typed(pty, line), sentence);
    assert.match(await typed(pty, '/set'), /^greedy {16}false\n(.*\n)*max-new-tokens {8}1$/m);
    await left(pty);
  });

  test('a message longer than the context is refused, and the conversation goes on', async () => {
    const pty = await chat();
    assert.match(await typed(pty, 'x '.repeat(60)), /the message has \d+ tokens, but .*; shorten it/);
    await typed(pty, 'hi');
    for (const line of ['and now', 'what else', 'tell me more', 'and then']) await typed(pty, line);
    assert.match(
      pty.output,
      /the context of 64 tokens is full: the oldest (turn is|\d turns are) no longer part of it/,
    );
    await left(pty);
  });

  test('a message of several lines', async () => {
    const pty = await chat();
    pty.line('"""first');
    await pty.expect(/\.\.\. $/);
    pty.line('/second"""');
    await prompted(pty);
    assert.match(await typed(pty, '/show history'), /^> first\n\/second\n/);
    await left(pty);
  });

  test('/candidates shows what the reply was chosen from', async () => {
    const pty = await chat({ flags: ['--candidates', '3'] });
    await typed(pty, 'hi');
    assert.match(await typed(pty, '/candidates'), /^1\. {2}-\d.*\n2\. {2}-\d.*\n3\. {2}-\d/);
    await left(pty);
  });

  test('Tab completes commands, parameters and files', async () => {
    const pty = await chat();
    writeFileSync(join(root, 'unmistakable.jsonl'), '{"turns":["a","b"]}\n');
    // A key at a time: what comes in one piece is a paste, in which a tab is a tab.
    const type = async (text: string, becomes: RegExp) => {
      for (const key of text) {
        pty.send(key);
        await pty.expect(key === keys.tab ? becomes : new RegExp(`[${key}]`));
      }
    };
    await type(`/se${keys.tab}`, /t $/);
    await type(`temp${keys.tab}`, /erature $/);
    pty.line('0.5');
    await pty.expect(/\ntemperature {2}0\.5\n/);
    await prompted(pty);
    await type(`/loa${keys.tab}`, /d $/);
    await type(`unmi${keys.tab}`, /stakable\.jsonl$/);
    pty.send(keys.enter);
    await pty.expect(/2 turns from unmistakable\.jsonl:1\n/);
    await prompted(pty);
    await left(pty);
  });

  test('colours only where the terminal has them', async () => {
    const coloured = await chat({ environment: { NO_COLOR: undefined } });
    await typed(coloured, 'hi');
    assert.ok(coloured.raw.includes('\x1b[36m'));
    await left(coloured);
    const plain = await chat();
    await typed(plain, 'hi');
    assert.ok(!plain.raw.includes('\x1b[36m') && !plain.raw.includes('\x1b[2m'));
    await left(plain);
  });
});

describe('what a conversation leaves', { skip: noPty }, () => {
  test('the up-arrow brings back what was typed in an earlier conversation', async () => {
    const state = join(root, 'kept');
    const first = await chat({ state });
    await typed(first, 'remember me');
    await left(first);
    const file = join(state, 'chatbot-train', 'chat-history');
    assert.equal(readFileSync(file, 'utf8'), 'remember me\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const second = await chat({ state });
    second.send(keys.up);
    await second.expect(/remember me$/);
    second.send(keys.ctrlC);
    await prompted(second);
    await left(second);
    const without = await chat({ state, flags: ['--no-history'] });
    await typed(without, 'in private');
    without.send(keys.up);
    await without.expect(/in private$/);
    without.send(keys.up);
    await prompted(without);
    await left(without);
    assert.doesNotMatch(without.output, /remember me/);
    assert.equal(readFileSync(file, 'utf8'), 'remember me\n');
  });

  test('a damaged history is a note', async () => {
    const state = join(root, 'damaged');
    mkdirSync(join(state, 'chatbot-train'), { recursive: true });
    writeFileSync(join(state, 'chatbot-train', 'chat-history'), Buffer.from([0xff, 0x00]));
    const pty = await chat({ state });
    assert.match(pty.output, /input is not saved: the history in .* cannot be read/);
    await typed(pty, 'hi');
    await left(pty);
  });

  test('/save and /good leave files to train on, which /load goes on from', async () => {
    const state = join(root, 'rated');
    const pty = await chat({ state, flags: ['--stop', '\n'] });
    for (const line of ['hello there', 'how are you']) await typed(pty, line);
    assert.equal(await typed(pty, '/save talk.jsonl'), '4 turns appended to talk.jsonl');
    const feedback = join(state, 'chatbot-train', 'feedback.jsonl');
    assert.equal(await typed(pty, '/good'), `rated good in ${feedback}`);
    await typed(pty, '/retry');
    await typed(pty, '/bad');
    await typed(pty, '/save talk.jsonl');
    const history = await typed(pty, '/show history');
    await left(pty);
    const saved = readFileSync(join(root, 'talk.jsonl'), 'utf8');
    assert.equal(saved.trimEnd().split('\n').length, 2);
    assert.match(
      readFileSync(feedback, 'utf8'),
      /^\{"turns":\["hello there",.*"rating":"good"\}\n\{.*"rating":"bad"\}\n$/,
    );

    const again = await chat();
    assert.equal(await typed(again, '/load talk.jsonl'), '4 turns from talk.jsonl:2');
    assert.equal(await typed(again, '/show history'), history);
    await typed(again, 'go on');
    await left(again);

    const output = join(root, 'trained');
    const trained = await chatbotTrain([
      ...['--model', small, '--data', join(root, 'talk.jsonl'), feedback, '--output-dir', output],
      ...['--eval-ratio', '0', '--max-steps', '2', '--batch-size', '2', '--threads', '1'],
    ]);
    assert.equal(trained.code, 0, trained.stderr);
    assert.match(trained.stderr, /4 dialogues/);
    assert.ok(existsSync(join(output, 'model.safetensors')));
  });

  test('a broken /load file is one sentence', async () => {
    const pty = await chat();
    writeFileSync(join(root, 'broken.jsonl'), '{"turns":["a","b"]}\n{"turns":["c",\n');
    writeFileSync(join(root, 'binary.jsonl'), Buffer.from([0x7b, 0, 1, 2]));
    await typed(pty, 'hi');
    const before = await typed(pty, '/show history');
    assert.match(await typed(pty, '/load broken.jsonl'), /^broken\.jsonl:2:\d+ is not JSON: [^\n]*$/);
    assert.match(await typed(pty, '/load binary.jsonl'), /^binary\.jsonl is a binary file [^\n]*$/);
    assert.match(await typed(pty, '/load missing.jsonl'), /^missing\.jsonl does not exist; check the path$/);
    assert.match(await typed(pty, '/save broken.jsonl'), /^broken\.jsonl:2:\d+ is not JSON/);
    assert.equal(await typed(pty, '/show history'), before);
    await left(pty);
  });
});
