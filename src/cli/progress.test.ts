import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { EvaluationEvent, StepEvent } from '../train/events.js';
import { createProgress, type Progress } from './progress.js';

const ESCAPE = '\u001b';
const tokens = new RegExp(`${ESCAPE}\\[[?\\d;]*[A-Za-z]|${ESCAPE}[78]|\\r|\\n|[^${ESCAPE}\\r\\n]+`, 'g');

class Screen extends Writable {
  readonly columns = 120;
  text = '';
  constructor(readonly isTTY: boolean) {
    super();
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  /** What a terminal would show: the escape codes that cli-progress and we use, obeyed. */
  get lines(): string[] {
    const rows: string[] = [''];
    let row = 0;
    let column = 0;
    let saved: readonly [number, number] = [0, 0];
    for (const [token] of this.text.matchAll(tokens)) {
      const line = rows[row] ?? '';
      if (token === '\r' || token === '\u001b[1G') column = 0;
      else if (token === '\n') {
        row++;
        column = 0;
        rows[row] ??= '';
      } else if (token === '\u001b7') saved = [row, column];
      else if (token === '\u001b8') [row, column] = saved;
      else if (token === '\u001b[K' || token === '\u001b[0K') rows[row] = line.slice(0, column);
      else if (!token.startsWith('\u001b')) {
        rows[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length);
        column += token.length;
      }
    }
    return rows;
  }
}

const step = (at: number): StepEvent => ({
  kind: 'step',
  step: at,
  epoch: at / 10,
  loss: 3.25,
  learningRate: 5e-5,
  gradNorm: 1.5,
  tokensPerSecond: 1234.5,
  supervisedTokensPerSecond: 800,
});

const evaluation: EvaluationEvent = {
  kind: 'evaluation',
  step: 10,
  epoch: 1,
  evalLoss: 3,
  perplexity: 20.0855,
  seconds: 2,
  best: true,
  exactMatch: { trained: { exact: 3, of: 4 }, heldOut: null },
  samples: [{ prompt: 'hello\u001b[2J', reply: 'hi there\nfriend', reference: 'hi' }],
};

/** A run of 20 steps as the trainer reports it. */
function report(progress: Progress): void {
  progress.download('model.safetensors', 0, 1000);
  progress.download('model.safetensors', 500, 1000);
  progress.download('model.safetensors', 1000, 1000);
  progress.header([
    ['model', 'tiny'],
    ['output', 'results/mine'],
  ]);
  progress.start(20, 0);
  progress.step({ step: 5, loss: 3.25, tokensPerSecond: 1234.5 });
  progress.event(step(5));
  progress.event(evaluation);
  progress.event({ kind: 'checkpoint', step: 10, folder: 'results/mine/checkpoint-10' });
  progress.note('stopping');
  progress.step({ step: 20, loss: 3, tokensPerSecond: 1000 });
  progress.stop();
}

const evaluationLines = [
  'evaluation at step 10 (epoch 1.00): loss 3.000, perplexity 20.09, 2s, best so far',
  '    answered word for word: 75% of 4 trained questions',
  '    > hello [2J',
  '      hi there friend',
];

test('away from a terminal there are plain lines at the logging steps', () => {
  const screen = new Screen(false);
  report(createProgress({ tty: false, quiet: false, stream: screen }));
  assert.deepEqual(screen.text.split('\n'), [
    'downloading model.safetensors: 0 B of 1.0 kB',
    'downloading model.safetensors: 500 B of 1.0 kB',
    'downloading model.safetensors: 1.0 kB of 1.0 kB',
    'model   tiny',
    'output  results/mine',
    'step 5/20 (epoch 0.50): loss 3.250, learning rate 5e-5, gradient 1.500, 1,235 tokens/s',
    ...evaluationLines,
    'checkpoint at step 10: results/mine/checkpoint-10',
    'note: stopping',
    '',
  ]);
});

test('in a terminal lines stand above one bar', () => {
  const screen = new Screen(true);
  report(createProgress({ tty: true, quiet: false, stream: screen }));
  const [download, model, output, ...rest] = screen.lines;
  assert.match(String(download), /^model\.safetensors \[={24}\] 1\.0 kB of 1\.0 kB/);
  assert.deepEqual([model, output], ['model   tiny', 'output  results/mine']);
  assert.deepEqual(rest.slice(0, 5), [...evaluationLines, 'note: stopping']);
  assert.match(String(rest[5]), /^training \[={24}\] 20\/20 \| loss 3\.000 \| 1,000 tokens\/s/);
  assert.deepEqual(rest.slice(6), ['']);
});

test('the bar shows steps, loss, speed and the time left', () => {
  const screen = new Screen(true);
  const progress = createProgress({ tty: true, quiet: false, stream: screen });
  progress.start(20, 10);
  progress.step({ step: 15, loss: 3.25, tokensPerSecond: 1234.5 });
  progress.note('look');
  assert.match(
    screen.lines.join('\n'),
    /^note: look\ntraining \[={18}-{6}\] 15\/20 \| loss 3\.250 \| 1,235 tokens\/s \| \d+s left/,
  );
  progress.stop();
});

test('a note before or after the bar is a plain line', () => {
  const screen = new Screen(true);
  const progress = createProgress({ tty: true, quiet: false, stream: screen });
  progress.note('before');
  progress.start(2, 0);
  progress.stop();
  progress.stop();
  progress.note('after');
  assert.equal(screen.lines[0], 'note: before');
  assert.deepEqual(screen.lines.slice(2), ['note: after', '']);
});

for (const tty of [true, false])
  test(`quiet is silent ${tty ? 'in' : 'away from'} a terminal`, () => {
    const screen = new Screen(tty);
    report(createProgress({ tty, quiet: true, stream: screen }));
    assert.equal(screen.text, '');
  });
