// The conversation against a model that says what it is told to, and a terminal that only writes down. What needs a real
// terminal is in test/chat-terminal.test.ts.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import type { ChatOption } from '../../config/chat-options.js';
import { candidateCount, generationSettings, loadChatOptions } from '../../config/chat-settings.js';
import type { Given } from '../../config/schema.js';
import { UserError } from '../../errors.js';
import { Conversation } from '../../generate/conversation.js';
import type { Reply, ReplyWatcher } from '../../generate/reply.js';
import type { GenerationSettings } from '../../generate/settings.js';
import { runRepl } from './repl.js';

const scratch = mkdtempSync(join(tmpdir(), 'repl-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Scene {
  /** In order; an error is thrown. */
  readonly replies?: readonly (Partial<Reply> | Error)[];
  readonly flags?: Partial<Record<ChatOption, unknown>>;
  readonly colours?: boolean;
  readonly state?: string;
}

interface Played {
  readonly code: number;
  /** Without cursor movements; ␛ stands for the escape character. */
  readonly output: string;
  readonly settings: readonly GenerationSettings[];
  readonly state: string;
}

let scenes = 0;

/** Types the lines, then Ctrl+D. */
async function play(lines: readonly string[], scene: Scene = {}): Promise<Played> {
  const { replies = [], colours = false, state = join(scratch, `state${scenes++}`) } = scene;
  const settings: GenerationSettings[] = [];
  const reply = async (_: readonly string[], made: GenerationSettings, watcher: ReplyWatcher) => {
    const next = replies[settings.length] ?? {};
    settings.push(made);
    if (next instanceof Error) throw next;
    const whole: Reply = { ...ordinary, ...next };
    for (const word of whole.text.split(/(?<= )/)) watcher.text(word);
    return whole;
  };
  const flags = new Map<ChatOption, Given>();
  for (const [key, value] of Object.entries({ model: 'm', ...scene.flags }))
    flags.set(key as ChatOption, { value, where: 'here' });
  const { options } = loadChatOptions(flags);
  let output = '';
  const stdout = Object.assign(
    new Writable({
      write: (chunk, _, done) => {
        output += chunk;
        done();
      },
    }),
    { columns: 80, hasColors: () => colours },
  );
  const stdin = new PassThrough();
  stdin.write(`${lines.map((line) => `${line}\r`).join('')}\x04`);
  const model = {
    label: 'm',
    parameters: 1234,
    contextLength: 64,
    memoryBytes: 2048,
    reply,
    logLikelihood: async () => -1,
  };
  const chat = { model, device: 'abacus', precision: 'fp32', sequences: 4, dispose: () => {} };
  const code = await runRepl(new Conversation(model, generationSettings(options), candidateCount(options)), {
    flags,
    partner: { chat, bot: null },
    terminal: { stdin, stdout },
    environment: { XDG_STATE_HOME: state },
  });
  return {
    code,
    output: output.replaceAll('\x1b', '␛').replace(/␛\[\d*[GJKC]/g, ''),
    settings,
    state: join(state, 'chatbot-train'),
  };
}

const ordinary: Reply = {
  text: 'well then',
  tokens: 2,
  promptTokens: 10,
  droppedTurns: 0,
  finishReason: 'stop',
  seconds: 0.5,
  secondsToFirstToken: 0.1,
  candidates: [],
};

describe('a conversation in the terminal', () => {
  it('shows replies and leaves at Ctrl+D', async () => {
    const { code, output } = await play(['hi', '  ', 'bye'], { replies: [{}, { text: 'see you' }] });
    assert.equal(code, 0);
    assert.match(output, /> hi\r\nwell then\n\n> {3}\r\n> bye\r\nsee you\n\n> \n$/);
    assert.doesNotMatch(output, /␛/);
  });

  it('has colours where the terminal has them', async () => {
    const { output } = await play(['hi'], { colours: true });
    assert.match(output, /␛\[1;32m> ␛\[0mhi\r\n␛\[36mwell ␛\[0m␛\[36mthen␛\[0m\n/);
  });

  it('lets no reply command the terminal', async () => {
    const { output } = await play(['hi'], { replies: [{ text: 'a\x1b[2Jb\x07c\u202ed\ne\tf\r' }] });
    assert.match(output, /\na\[2Jbcd\ne\tf\n/);
  });

  it('goes on after whatever goes wrong, in one sentence', async () => {
    const { code, output } = await play(['a', 'b', 'c'], {
      replies: [new UserError('message-too-long', 'too long'), new Error('gpu fell off\nstack'), {}],
    });
    assert.equal(code, 0);
    assert.match(
      output,
      /\ntoo long\n\n> b\r\ngpu fell off \(this is a bug in chatbot-chat; [^\n]*\)\n\n> c\r\nwell then\n/,
    );
  });

  it('says why a reply ends early, and when turns are no longer read', async () => {
    const { output } = await play(['a', 'b', 'c', 'd', 'e'], {
      replies: [
        { finishReason: 'length' },
        { finishReason: 'length', promptTokens: 60, tokens: 4, droppedTurns: 1 },
        { droppedTurns: 1 },
        { droppedTurns: 3 },
        { text: '' },
      ],
    });
    assert.match(output, /\(cut after 2 tokens; \/set max-new-tokens allows more\)/);
    assert.match(
      output,
      /\(cut: the context of 64 tokens is full\)\n\([^\n]*the oldest turn is no longer part of it\)/,
    );
    assert.equal(output.match(/no longer part of it/g)?.length, 2);
    assert.match(output, /the oldest 3 turns are no longer part of it/);
    assert.match(output, /> e\r\n\(empty reply\)\n/);
  });

  it('takes messages of several lines between quotes', async () => {
    const { output } = await play(['"""/help', 'b"""', '"""one"""', '/show history'], {
      replies: [{ text: '1' }, { text: '2' }],
    });
    assert.match(output, /> """\/help\r\n\.\.\. b"""\r\n1\n/);
    assert.match(output, /history\r\n> \/help\nb\n1\n> one\n2\n/);
  });

  it('leaves at /exit with what follows unread', async () => {
    const { code, output } = await play(['/exit', 'unheard']);
    assert.equal(code, 0);
    assert.doesNotMatch(output, /unheard|well/);
  });
});

describe('commands', () => {
  it('are told apart, and unknown ones get the nearest known', async () => {
    const { output } = await play(['/helpp', '/cand', '/xyzzy', '/reset now', '/constructor', '/', '/help']);
    assert.match(output, /\/helpp is not a command; did you mean \/help\?/);
    assert.match(output, /\/cand is not a command; did you mean \/candidates\?/);
    assert.match(output, /\/xyzzy is not a command; \/help lists the commands/);
    assert.match(output, /\/reset takes no argument, but got "now"/);
    assert.match(output, /\/constructor is not a command/);
    for (const name of [
      'help',
      'reset',
      'undo',
      'retry',
      'set',
      'show',
      'save',
      'load',
      'candidates',
      'stats',
      'exit',
    ])
      assert.match(output, new RegExp(`^/${name}\\b.* {2}\\S`, 'm'));
  });

  it('say what they have nothing to do with', async () => {
    const { output } = await play([
      '/undo',
      '/retry',
      '/stats',
      '/candidates',
      '/save x',
      '/good',
      '/save',
      '/load',
      '/show all',
      '/show history',
    ]);
    for (const sentence of [
      /there is no message to take back/,
      /there is no message to answer again/,
      /there is no reply yet; send a message first/,
      /there is no conversation to save yet/,
      /there is no reply to rate yet/,
      /\/save needs a file name/,
      /\/load needs a file name/,
      /\/show does not know "all"; use \/show, \/show history or \/show model/,
      /the conversation is empty\n/,
    ])
      assert.match(output, sentence);
  });

  it('change settings as flags do, and refuse what flags refuse', async () => {
    const { output, settings } = await play([
      ...[
        '/set temperature 0.5',
        '/set top_k 7',
        '/set stop ["x", "y"]',
        '/set stop z',
        '/set candidates 3',
        'hi',
      ],
      ...[
        '/set temperature 0',
        '/set temperature hot',
        '/set tempo 3',
        '/set candidates 9',
        '/set greedy true',
      ],
      ...[
        '/set temperature default',
        '/set candidates default',
        '/set greedy true',
        '/set seed 7',
        'hi',
        '/set top-k',
      ],
    ]);
    assert.equal(settings[0]?.temperature, 0.5);
    assert.equal(settings[0]?.topK, 7);
    assert.deepEqual(settings[0]?.stop, ['z']);
    assert.match(output, /\nstop {2}\["x","y"\]\n/);
    assert.match(output, /--temperature is 0 in \/set, but must be a number above 0/);
    assert.match(output, /--temperature is "hot" in \/set, but must be a number above 0/);
    assert.match(output, /there is no setting "tempo"/);
    assert.match(
      output,
      /--candidates is 9 in \/set, but memory is reserved for 4; start again with --candidates 9/,
    );
    assert.match(output, /--greedy and --temperature contradict each other/);
    assert.equal(settings.length, 2);
    assert.match(output, /top-k {2}7\nSample from the k most likely/);
  });

  it('show the model, statistics and candidates', async () => {
    const candidates = [
      { text: 'well then', tokens: 2, score: -1.25 },
      { text: 'oh\x1b[2J', tokens: 1, score: -3 },
    ];
    const { output } = await play(['hi', '/stats', '/candidates', '/show model', '/show'], {
      replies: [{ candidates }],
    });
    assert.match(
      output,
      /2 tokens in 0\.5000 s\nspeed {8}4 tokens\/s\nfirst token {2}after 0\.1000 s\ncontext {6}12 of 64/,
    );
    assert.match(output, /1\. {2}-1\.250 {2}2 tokens {2}well then\n2\. {2}-3\.000 {2}1 token {3}oh \[2J\n/);
    assert.match(output, /parameters {2}1,234\ncontext {5}64 tokens\n(.*\n)*device {6}abacus/);
    assert.match(output, /\ntemperature {11}0\.8\n/);
  });

  it('answer again, and say when the answer can only be the same', async () => {
    const said = await play(['hi', '/retry', '/retry'], { replies: [{}, { text: 'new' }, { text: 'new' }] });
    assert.match(said.output, /\/retry\r\nnew\n\n> \/retry\r\nnew\n\(the same reply; a higher temperature/);
    assert.notEqual(said.settings[0]?.seed, said.settings[1]?.seed);
    const greedy = await play(['hi', '/retry'], { flags: { greedy: true } });
    assert.match(greedy.output, /the same reply: greedy decoding is deterministic/);
  });

  it('keep ratings as conversations that can be read again', async () => {
    const { output, state } = await play(['hi', '/good', '/good', 'and', '/bad']);
    const file = join(state, 'feedback.jsonl');
    assert.ok(output.includes(`rated good in ${file}`));
    assert.match(output, /already rated good/);
    assert.deepEqual(
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
      [
        { turns: ['hi', 'well then'], rating: 'good' },
        { turns: ['hi', 'well then', 'and', 'well then'], rating: 'bad' },
      ],
    );
  });
});

describe('the history', () => {
  it('is kept unless --no-history', async () => {
    const { state } = await play(['hi', '/stats', ' ']);
    assert.equal(readFileSync(join(state, 'chat-history'), 'utf8'), 'hi\n/stats\n');
    const without = await play(['hi'], { flags: { history: false } });
    assert.equal(existsSync(without.state), false);
  });

  it('says once when it cannot be used', async () => {
    const state = join(scratch, 'damaged');
    mkdirSync(join(state, 'chatbot-train', 'chat-history'), { recursive: true });
    const { code, output } = await play(['hi', 'ho'], { state });
    assert.equal(code, 0);
    assert.equal(output.match(/input is not saved: the history in/g)?.length, 1);
    writeFileSync(join(scratch, 'file'), '');
    const nowhere = await play(['hi', 'ho'], { state: join(scratch, 'file') });
    assert.equal(nowhere.code, 0);
    assert.equal(nowhere.output.match(/input is not saved/g)?.length, 1);
  });
});
