import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { Keyboard } from './keyboard.js';

/** A keyboard, what it passes on, and how often it interrupted. */
function typing() {
  const terminal = new PassThrough();
  const keyboard = new Keyboard(terminal);
  const seen = { passed: '', interrupts: 0, ended: false };
  keyboard.on('data', (bytes: Buffer) => {
    seen.passed += bytes.toString();
  });
  keyboard.on('end', () => {
    seen.ended = true;
  });
  keyboard.onInterrupt = () => {
    seen.interrupts++;
  };
  const type = async (text: string) => {
    terminal.write(text);
    await settled();
  };
  return { terminal, keyboard, seen, type };
}

/** Streams have passed on what they can. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate();
}

describe('the keyboard', () => {
  it('passes keys on as they come while a line is wanted', async () => {
    const { keyboard, seen, type } = typing();
    keyboard.listen();
    await type('h');
    assert.equal(seen.passed, 'h');
    await type('i\r');
    assert.equal(seen.passed, 'hi\r');
  });

  it('holds pasted lines back until they are wanted', async () => {
    const { keyboard, seen, type } = typing();
    keyboard.listen();
    await type('one\rtwo\r\nthr');
    assert.equal(seen.passed, 'one\r');
    keyboard.listen();
    await settled();
    assert.equal(seen.passed, 'one\rtwo\r\n');
    await type('ee');
    keyboard.listen();
    await settled();
    assert.equal(seen.passed, 'one\rtwo\r\nthree');
  });

  it('lets Ctrl+C through at any time, and forgets what was typed before it', async () => {
    const { keyboard, seen, type } = typing();
    await type('ahead\x03after\r');
    assert.equal(seen.interrupts, 1);
    assert.equal(seen.passed, '');
    keyboard.listen();
    await settled();
    assert.equal(seen.passed, 'after\r');
  });

  it('gives Ctrl+C at a line to readline, and what follows to the next line', async () => {
    const { keyboard, seen, type } = typing();
    keyboard.listen();
    await type('abc\x03def\r');
    assert.equal(seen.passed, 'abc\x03');
    assert.equal(seen.interrupts, 0);
    keyboard.listen();
    await settled();
    assert.equal(seen.passed, 'abc\x03def\r');
  });

  it('interrupts what a line has begun when Ctrl+C came with the line', async () => {
    const { keyboard, seen, type } = typing();
    keyboard.listen();
    await type('go\r\x03');
    assert.equal(seen.passed, 'go\r');
    assert.equal(seen.interrupts, 1);
  });

  it('passes every byte on, a line at a time, however the keys arrive', async () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\r', '\n', ' ') }));
    await fc.assert(
      fc.asyncProperty(pieces, async (typed) => {
        const { keyboard, seen, type } = typing();
        for (const piece of typed) await type(piece);
        for (let before = -1; before < seen.passed.length; ) {
          before = seen.passed.length;
          keyboard.listen();
          await settled();
          assert.ok((seen.passed.slice(before).match(/\r\n|[\r\n]/g)?.length ?? 0) <= 1);
        }
        assert.equal(seen.passed, typed.join(''));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('ends after the last line when the terminal goes away, and stops what is running', async () => {
    const { terminal, keyboard, seen, type } = typing();
    await type('last\r');
    terminal.end();
    await settled();
    assert.equal(seen.interrupts, 1);
    assert.equal(seen.ended, false);
    keyboard.listen();
    await settled();
    assert.equal(seen.passed, 'last\r');
    assert.equal(seen.ended, true);
  });
});
