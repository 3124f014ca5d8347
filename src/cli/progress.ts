// Progress on stderr: in a terminal a bar with evaluations as lines above it, elsewhere plain lines, nothing with --quiet.
// Knows nothing of how training works.

import { SingleBar } from 'cli-progress';
import { formatBytes } from '../files/format-bytes.js';
import { messageLine, oneLine } from '../quote.js';
import type { EvaluationEvent, StepEvent, TrainingEvent } from '../train/events.js';
import { withFlags } from './flag-names.js';
import { count, duration, exactMatchText, short } from './format.js';

export interface StepUpdate {
  readonly step: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
}

export interface Progress {
  /** Describes the run before it starts, as aligned pairs of name and value. */
  header(lines: readonly (readonly [name: string, value: string])[]): void;
  /** @param firstStep steps that the resumed run had already done. */
  start(totalSteps: number, firstStep: number): void;
  /** After every optimizer step: moves the bar. */
  step(update: StepUpdate): void;
  event(event: TrainingEvent): void;
  note(text: string): void;
  /** @param total bytes, 0 when unknown. */
  download(file: string, done: number, total: number): void;
  /** Removes the bar, so that a line can follow. */
  stop(): void;
}

export interface ProgressOptions {
  readonly tty: boolean;
  readonly quiet: boolean;
  readonly stream: NodeJS.WritableStream;
}

export function createProgress({ tty, quiet, stream }: ProgressOptions): Progress {
  if (quiet) return silent;
  return tty ? terminalProgress(stream) : plainProgress(stream);
}

const nothing = () => {};
const silent: Progress = {
  header: nothing,
  start: nothing,
  step: nothing,
  event: nothing,
  note: nothing,
  download: nothing,
  stop: nothing,
};

/** Pairs as aligned lines. */
export function headerText(lines: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(value, 400)}\n`).join('');
}

function evaluationLines(event: EvaluationEvent): string[] {
  const { step, epoch, evalLoss, perplexity, seconds, best } = event;
  const first =
    `evaluation at step ${step} (epoch ${epoch.toFixed(2)}): loss ${short(evalLoss)}, ` +
    `perplexity ${short(perplexity)}, ${duration(seconds)}${best ? ', best so far' : ''}`;
  const answers = exactMatchText(event.exactMatch);
  const exact = answers === null ? [] : [`    answered word for word: ${answers}`];
  const samples = event.samples.flatMap(({ prompt, reply }) => [
    `    > ${oneLine(prompt)}`,
    `      ${oneLine(reply) || '(empty reply)'}`,
  ]);
  return [first, ...exact, ...samples];
}

function stepLine(event: StepEvent, totalSteps: number): string {
  return (
    `step ${event.step}/${totalSteps} (epoch ${event.epoch.toFixed(2)}): loss ${short(event.loss)}, ` +
    `learning rate ${short(event.learningRate)}, gradient ${short(event.gradNorm)}, ` +
    `${count(event.tokensPerSecond)} tokens/s`
  );
}

function plainProgress(stream: NodeJS.WritableStream): Progress {
  const line = (text: string) => stream.write(`${text}\n`);
  const tenths = new Map<string, number>();
  let totalSteps = 0;
  return {
    header: (lines) => stream.write(headerText(lines)),
    start: (total) => {
      totalSteps = total;
    },
    step: nothing,
    event: (event) => {
      if (event.kind === 'step') line(stepLine(event, totalSteps));
      else if (event.kind === 'evaluation') evaluationLines(event).forEach(line);
      else line(`checkpoint at step ${event.step}: ${messageLine(event.folder)}`);
    },
    note: (text) => line(`note: ${messageLine(withFlags(text))}`),
    download: (file, done, total) => {
      const tenth = total > 0 ? Math.floor((done / total) * 10) : 0;
      if (tenths.get(file) === tenth) return;
      tenths.set(file, tenth);
      line(
        `downloading ${oneLine(file)}: ${formatBytes(done)}${total > 0 ? ` of ${formatBytes(total)}` : ''}`,
      );
    },
    stop: nothing,
  };
}

interface BarPayload {
  readonly label: string;
  readonly tail: string;
}

export function barLine(progress: number, eta: unknown, payload: BarPayload): string {
  const width = 24;
  const full = Math.round(progress * width);
  const rest = typeof eta === 'number' ? ` | ${duration(eta)} left` : '';
  return `${payload.label} [${'='.repeat(full)}${'-'.repeat(width - full)}] ${payload.tail}${rest}`;
}

function terminalProgress(stream: NodeJS.WritableStream): Progress {
  let bar: SingleBar | null = null;
  let totalSteps = 0;
  let downloading: string | null = null;
  const lower = () => {
    if (bar === null) return;
    // A bar restores the last saved cursor position. That must be this one: lines may have moved the bar down since.
    stream.write('\x1b7');
    bar.stop();
    bar = null;
    downloading = null;
  };
  const raise = (total: number, at: number, payload: BarPayload) => {
    lower();
    bar = new SingleBar({
      stream,
      // A line overwrites the bar, which must then be drawn again although it has not changed.
      forceRedraw: true,
      format: (_, { progress, eta }, shown: BarPayload) => barLine(progress, eta, shown),
    });
    bar.start(total, at, payload);
  };
  /** Writes lines where the bar is and draws the bar below them. */
  const above = (text: string) => {
    if (bar === null) {
      stream.write(`${text}\n`);
      return;
    }
    stream.write(`\r\x1b[K${text.replaceAll('\n', '\r\n')}\r\n`);
    bar.render();
  };
  return {
    header: (lines) => stream.write(headerText(lines)),
    start: (total, firstStep) => {
      totalSteps = total;
      raise(total, firstStep, { label: 'training', tail: `${firstStep}/${total}` });
    },
    step: ({ step, loss, tokensPerSecond }) => {
      const tail = `${step}/${totalSteps} | loss ${short(loss)} | ${count(tokensPerSecond)} tokens/s`;
      bar?.update(step, { label: 'training', tail } satisfies BarPayload);
    },
    event: (event) => {
      // The bar shows steps, and a checkpoint is not worth a line.
      if (event.kind === 'evaluation') above(evaluationLines(event).join('\n'));
    },
    note: (text) => above(`note: ${messageLine(withFlags(text))}`),
    download: (file, done, total) => {
      const payload: BarPayload = {
        label: oneLine(file, 40),
        tail: `${formatBytes(done)} of ${formatBytes(total)}`,
      };
      if (downloading !== file) {
        raise(total, done, payload);
        downloading = file;
      } else bar?.update(done, payload);
      if (total > 0 && done >= total) lower();
    },
    stop: lower,
  };
}
