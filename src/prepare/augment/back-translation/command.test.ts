import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Clock } from '../../../collect/openai-service.js';
import { UserError } from '../../../errors.js';
import { commandTranslator } from './command.js';

/** Time does not pass. */
const still: Pick<Clock, 'deadline'> = { deadline: () => () => {} };
const running = () => new AbortController().signal;

/** A translator that is a script of Node.js. */
const script = (code: string, clock = still, ...words: readonly string[]) =>
  commandTranslator({ words: [process.execPath, '-e', code, ...words], silentSeconds: 60, clock });

/** Reads all lines, then runs code that has them as `lines`. */
const onLines = (code: string) =>
  `let text = ''; process.stdin.on('data', (chunk) => { text += chunk; }).on('end', () => { const lines = text.split('\\n').slice(0, -1); ${code} });`;

const upper = onLines(`for (const line of lines) console.log(line.toUpperCase());`);

async function refuses(answer: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(answer, (thrown) => {
    assert.ok(thrown instanceof UserError, String(thrown));
    assert.equal(thrown.code, 'translator-failed');
    assert.match(thrown.message, pattern);
    assert.doesNotMatch(thrown.message, /\n/);
    return true;
  });
}

describe('a command that translates', () => {
  it('gets a line for each text and gives a line for each', async () => {
    assert.deepEqual(await script(upper).translate(['one', 'zwei ü 你', '$(id) `id` ; "x"'], running()), [
      'ONE',
      'ZWEI Ü 你',
      '$(ID) `ID` ; "X"',
    ]);
  });

  it('gets its words as they are, without a shell', async () => {
    const echo = onLines(`for (const _ of lines) console.log(process.argv[1]);`);
    assert.deepEqual(await script(echo, still, '$HOME; id').translate(['a'], running()), ['$HOME; id']);
  });

  it('may end its lines as Windows does, and the last one not at all', async () => {
    const windows = onLines(`process.stdout.write(lines.join('\\r\\n'));`);
    assert.deepEqual(await script(windows).translate(['a', 'b'], running()), ['a', 'b']);
  });

  it('takes more text than a pipe holds', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `text number ${index}`);
    const answers = await script(upper).translate(many, running());
    assert.equal(answers.length, many.length);
    assert.equal(answers.at(-1), 'TEXT NUMBER 19999');
  });

  it('has no answer for a text that comes back empty', async () => {
    const blank = onLines(`for (const line of lines) console.log(line === 'b' ? '  ' : line);`);
    assert.deepEqual(await script(blank).translate(['a', 'b', 'c'], running()), ['a', null, 'c']);
  });

  it('is refused if it writes another number of lines', async () => {
    const fewer = onLines(`console.log(lines.join(' '));`);
    await refuses(
      script(fewer).translate(['a', 'b', 'c'], running()),
      /read 3 lines and wrote 1; it must write/,
    );
    await refuses(script('').translate(['a'], running()), /read 1 lines and wrote 0/);
  });

  it('is refused with its own words if it fails', async () => {
    const fails = `console.error('Error: no such pair\\u001b[31m eng-xyz'); process.exit(3);`;
    await refuses(
      script(fails).translate(['a'], running()),
      /failed with exit status 3: Error: no such pair \[31m eng-xyz/,
    );
  });

  it('is refused if something ends it', async () => {
    await refuses(
      script(`process.kill(process.pid, 'SIGKILL')`).translate(['a'], running()),
      /was ended by SIGKILL/,
    );
  });

  it('is refused if it cannot be started', async () => {
    const absent = commandTranslator({ words: ['/nowhere/translate'], silentSeconds: 60, clock: still });
    await refuses(absent.translate(['a'], running()), /"\/nowhere\/translate" does not start \(.*ENOENT/);
  });

  it('is refused if no such program is installed', () => {
    assert.throws(
      () => commandTranslator({ words: ['no-such-translator'], silentSeconds: 60, clock: still }),
      /translator-unusable|is not installed; install it/,
    );
  });

  it('is ended if it writes far more than a translation', async () => {
    const endless = `setInterval(() => process.stdout.write('x'.repeat(100_000)), 0);`;
    await refuses(script(endless).translate(['a'], running()), /wrote far more than a translation/);
  });

  it('is ended with all that it has started if it is silent for too long', async () => {
    // The clock runs out as soon as the program has told the id of its child.
    const parent = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
      process.stderr.write('child ' + child.pid);
      setInterval(() => {}, 1e6);`;
    let late: () => void = () => {};
    const starts: number[] = [];
    const clock: Pick<Clock, 'deadline'> = {
      deadline: (seconds, end) => {
        starts.push(seconds);
        late = end;
        // The second wait begins when something was written.
        if (starts.length === 2) setImmediate(() => late());
        return () => {};
      },
    };
    let message = '';
    await assert.rejects(script(parent, clock).translate(['a'], running()), (thrown) => {
      message = thrown instanceof UserError ? thrown.message : '';
      return /wrote nothing for 60 s, so it was ended: child \d+/.test(message);
    });
    assert.deepEqual(starts.slice(0, 2), [60, 60]);
    await gone(Number(/child (\d+)/.exec(message)?.[1]));
  });

  it('is ended when the run stops', async () => {
    const stop = new AbortController();
    let waits = 0;
    const clock: Pick<Clock, 'deadline'> = {
      deadline: () => {
        if (++waits === 2) setImmediate(() => stop.abort(new Error('stopped')));
        return () => {};
      },
    };
    const silent = `process.stderr.write('here'); setInterval(() => {}, 1e6);`;
    await assert.rejects(script(silent, clock).translate(['a'], stop.signal), /stopped/);
  });

  it('does not start when the run has stopped', async () => {
    await assert.rejects(script(upper).translate(['a'], AbortSignal.abort(new Error('stopped'))), /stopped/);
  });
});

async function gone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise(setImmediate);
}

/** A child whose parent was killed stays as a zombie until the system collects it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !(existsSync('/proc/self') && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch {
    return false;
  }
}

const hasApertium = spawnSync('apertium', ['-l'], { encoding: 'utf8' }).stdout?.includes('eng-spa') === true;

it('translates by apertium from English to Spanish and back', {
  skip: !hasApertium && 'needs apertium-eng-spa (sudo apt install apertium-eng-spa)',
}, async () => {
  const apertium = (pair: string) =>
    commandTranslator({ words: ['apertium', '-u', pair], silentSeconds: 60, clock: still });
  const texts = ['My house is red', 'Where is [0] ?', 'I do not have 3 books'];
  // Versions of apertium differ in other words than these.
  const spanish = await apertium('eng-spa').translate(texts, running());
  for (const [index, pattern] of [/casa/, /\[0\]/, /\bno\b.* 3 libros/i].entries())
    assert.match(String(spanish[index]), pattern);
  const english = await apertium('spa-eng').translate(spanish.map(String), running());
  for (const [index, pattern] of [/house/, /\[0\]/, /\bnot\b.* 3 books/].entries())
    assert.match(String(english[index]), pattern);
});
