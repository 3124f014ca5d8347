import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { openStore } from '../../bots/store/open-store.js';
import type { ChatOption } from '../../config/chat-options.js';
import { UserError } from '../../errors.js';
import type { Speaker } from '../../generate/conversation.js';
import { type OpenChat, openChat, type PartnerOptions } from '../../library/open-chat.js';
import { flagMessageOf } from '../flag-names.js';
import { chatCommand } from './command.js';

class Sink extends Writable {
  text = '';
  isTTY = false;
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A model that repeats all turns, and what was asked of it. */
function fakeChat() {
  const asked: { options?: PartnerOptions; settings: unknown[]; candidates: number[]; disposed: number } = {
    settings: [],
    candidates: [],
    disposed: 0,
  };
  const reply: Speaker['reply'] = async (turns, settings, _, candidates) => {
    asked.settings.push(settings);
    asked.candidates.push(candidates);
    const counts = { tokens: turns.length, promptTokens: 3, droppedTurns: 0 };
    const times = { seconds: 1, secondsToFirstToken: 0.5 };
    return { text: turns.join('/'), finishReason: 'stop', candidates: [], ...counts, ...times };
  };
  const open: OpenChat = async (options, watcher) => {
    asked.options = options;
    watcher.note('compiling');
    const model = {
      label: options.model,
      parameters: 1000,
      contextLength: 64,
      memoryBytes: 4000,
      reply,
      logLikelihood: async () => -1,
    };
    const dispose = () => {
      asked.disposed++;
    };
    return { model, device: 'a processor', precision: 'fp32', sequences: 1, dispose };
  };
  return { asked, open };
}

async function chat(
  values: Partial<Record<ChatOption, unknown>>,
  { input = '', open = fakeChat().open, end = true }: { input?: string; open?: OpenChat; end?: boolean } = {},
) {
  const flags = new Map(
    Object.entries(values).map(([key, value]) => [
      key as ChatOption,
      { value, where: 'on the command line' },
    ]),
  );
  const [stdin, stdout, stderr] = [new PassThrough(), new Sink(), new Sink()];
  stdin.write(input);
  if (end) stdin.end();
  const exitCode = await chatCommand(flags, open, { stdin, stdout, stderr });
  return { exitCode, stdin, stdout: stdout.text, stderr: stderr.text };
}

test('lines are one conversation', async () => {
  const { asked, open } = fakeChat();
  const { exitCode, stdout, stderr } = await chat({ model: 'm', topK: 3 }, { input: 'a\n\nb\n', open });
  assert.equal(exitCode, 0);
  assert.equal(stdout, 'a\na/a/b\n');
  assert.equal(stderr, 'note: compiling\n');
  assert.equal(asked.options?.model, 'm');
  assert.equal(asked.options?.topK, 3);
  assert.equal(asked.disposed, 1);
});

test('--prompt says one thing and leaves the input alone', async () => {
  const { exitCode, stdin, stdout } = await chat(
    { model: 'm', prompt: ' Hi! ' },
    { input: 'a\n', end: false },
  );
  assert.equal(exitCode, 0);
  assert.equal(stdout, 'Hi!\n');
  assert.ok(stdin.destroyed, 'an open input must not keep the process alive');
});

test('--json prints objects, --quiet nothing else', async () => {
  const { stdout, stderr } = await chat({ model: 'm', json: true, quiet: true }, { input: 'a\nb\n' });
  assert.equal(stderr, '');
  const replies = stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  assert.equal(replies.length, 2);
  assert.deepEqual(replies[0], {
    ...{ reply: 'a', tokens: 1, seconds: 1, tokens_per_second: 1, finish_reason: 'stop' },
    ...{ prompt_tokens: 3, dropped_turns: 0, seconds_to_first_token: 0.5 },
  });
});

test('settings and the number of candidates reach the model', async () => {
  const { asked, open } = fakeChat();
  await chat({ model: 'm', mmi: 'r', temperature: 0.5, stop: ['You:'] }, { input: 'a\n', open });
  assert.deepEqual(asked.candidates, [16]);
  const [settings] = asked.settings;
  assert.ok(typeof settings === 'object' && settings !== null);
  assert.ok('temperature' in settings && settings.temperature === 0.5);
  assert.ok('stop' in settings);
  assert.deepEqual(settings.stop, ['You:']);
});

test('nothing is opened for what cannot be', async () => {
  const open: OpenChat = () => assert.fail('opened');
  await assert.rejects(chat({ model: 'm', greedy: true, topP: 0.5 }, { open }), /contradict each other/);
  await assert.rejects(chat({ model: 'm', prompt: ' \n' }, { open }), /--prompt is empty/);
});

test('the model is given back whatever happens', async () => {
  const { asked, open } = fakeChat();
  const broken: OpenChat = async (options, watcher) => {
    const opened = await open(options, watcher);
    const reply = () => Promise.reject(new UserError('model-not-found', 'not a number'));
    return { ...opened, model: { ...opened.model, reply } };
  };
  const running = chat({ model: 'm' }, { input: 'a\n', open: broken });
  await assert.rejects(running, /line 1 of the input: not a number/);
  assert.equal(asked.disposed, 1);
});

const folder = mkdtempSync(join(tmpdir(), 'chat-command-'));
const workingFolder = process.cwd();
after(() => {
  process.chdir(workingFolder);
  rmSync(folder, { recursive: true });
});

test('who names no model is shown those that trainings left, the newest first', async () => {
  process.chdir(folder);
  await assert.rejects(chat({}), {
    message:
      'no model is named: use chatbot-chat <model>; for example microsoft/DialoGPT-small, or the --output-dir of a run',
    exitCode: 2,
  });
  for (const [index, name] of ['old', 'new', 'evil\u001b[2J', 'unfinished'].entries()) {
    mkdirSync(join('results', name), { recursive: true });
    if (name === 'unfinished') continue;
    const config = join('results', name, 'config.json');
    writeFileSync(config, '{}');
    utimesSync(config, 1e9, 1e9 + index);
  }
  writeFileSync(join('results', 'file'), '');
  await assert.rejects(chat({}), {
    message:
      'no model is named: use chatbot-chat <model>; models found here: results/evil [2J, results/new, results/old',
  });
});

test('a training that has not finished is pointed to its newest checkpoint', async () => {
  const run = join(folder, 'run');
  mkdirSync(run);
  writeFileSync(join(run, 'metrics.jsonl'), '');
  const says = (sentence: string) => (thrown: unknown) =>
    thrown instanceof UserError && thrown.exitCode === 4 && flagMessageOf(thrown) === sentence;
  await assert.rejects(
    chat({ model: run }, { open: openChat }),
    says(`the training in ${run} has not saved a model yet; finish it with chatbot-train --resume`),
  );
  for (const step of [9, 10]) mkdirSync(join(run, `checkpoint-${step}`));
  for (const values of [{ model: run }, { model: 'm', mmi: run }])
    await assert.rejects(
      chat(values, { open: openChat }),
      says(
        `the training in ${run} has not finished; chat with its newest checkpoint, ${join(run, 'checkpoint-10')}, or finish it with chatbot-train --resume`,
      ),
    );
});

describe('with a bot', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chat-'));
  after(() => rmSync(folder, { recursive: true }));
  const [store, file] = [join(folder, 'shop.db'), join(folder, 'bot.yaml')];
  before(async () => {
    writeFileSync(
      file,
      'rules:\n  hours:\n    text: opening hours\n    answer: From 9 to 6, {name}.\n    if: name\n',
    );
    const kept = await openStore(store, { create: true });
    const pair = (question: string, answer: string) => ({
      question,
      answer,
      previous: null,
      source: 'faq.csv:1',
    });
    await kept.learn([pair('Do you deliver on Sundays?', 'No.'), pair('Where is my order?', 'On its way.')]);
    await kept.close();
  });

  test('and no model, it answers from what it knows, and remembers the user', async () => {
    const lines = 'my name is Ann\nopening hours\ndo you delivr on sundays\nwho knows?\n';
    const { asked, open } = fakeChat();
    const { stdout } = await chat({ rules: [store, file], user: 'ann' }, { input: lines, open });
    assert.match(stdout, /^Nice to meet you, Ann\.\nFrom 9 to 6, Ann\.\nNo\.\nI don't know/);
    assert.equal(asked.options, undefined);
    const again = await chat({ rules: [store], user: 'ann', prompt: 'what is my name?', json: true });
    assert.match(again.stderr, /goes on with 8 turns of your last conversation/);
    const reply: unknown = JSON.parse(again.stdout);
    assert.ok(typeof reply === 'object' && reply !== null && 'source' in reply);
    assert.equal(reply.source, 'memory: name');
    const other = await chat({ rules: [store], user: 'bob', prompt: 'what is my name?' });
    assert.match(other.stdout, /You have not told me your name yet/);
    const kept = await openStore(store, { create: false });
    const waiting = await kept.waiting(10);
    assert.deepEqual(
      waiting.map(({ question, reason }) => [question, reason]),
      [['who knows?', 'unanswered']],
    );
    await kept.close();
  });

  test('and a model, the model answers what the bot does not know', async () => {
    const { asked, open } = fakeChat();
    const lines = 'where is my order\nhow are you\n';
    const { stdout } = await chat({ model: 'm', rules: [store] }, { input: lines, open });
    assert.equal(stdout, 'On its way.\nwhere is my order/On its way./how are you\n');
    await chat({ model: 'm', rules: [store], candidates: 5 }, { input: 'how are you\n', open });
    assert.deepEqual(asked.candidates, [1, 5]);
    assert.equal(asked.disposed, 2);
  });

  test('and a time zone that nobody knows, it does not start', async () => {
    await assert.rejects(chat({ rules: [store], timeZone: 'Mars', prompt: 'hi' }), /is no time zone/);
  });
});
