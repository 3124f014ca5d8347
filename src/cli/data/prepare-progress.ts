// Progress of `chatbot-data prepare` on stderr: in a terminal a bar in bytes, elsewhere a line now and then, nothing with --quiet.
// The preparation does not turn the event loop, so everything is written at once and no signal is caught.

import { formatBytes } from '../../files/format-bytes.js';
import type { PrepareEvent, Stage, Watch } from '../../prepare/source-progress.js';
import { count, duration } from '../format.js';
import { barLine } from '../progress.js';

export interface PrepareProgress {
  readonly watch: Watch;
  /** Removes the bar. */
  stop(): void;
}

interface Options {
  readonly isTerminal: boolean;
  readonly isQuiet: boolean;
  readonly stream: NodeJS.WritableStream;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Between two lines, or two drawings of the bar. */
const betweenLines = 10_000;
const betweenBars = 100;

const words: Readonly<Record<Stage, string>> = {
  duplicates: 'looking for duplicates among',
  rules: 'applying the rules for the whole corpus to',
  suspicious: 'ranking the replies of',
  split: 'dividing',
  writing: 'writing',
};

export function prepareProgress({ isTerminal, isQuiet, stream, now = Date.now }: Options): PrepareProgress {
  if (isQuiet) return { watch: () => {}, stop: () => {} };
  const rate = new Rate(now);
  return isTerminal ? bar(stream, rate, now) : lines(stream, rate, now);
}

/** How fast it is, and how long it takes. */
class Rate {
  private readonly start: number;

  constructor(private readonly now: () => number) {
    this.start = now();
  }

  of({ done, total, dialogues }: PrepareEvent & { kind: 'sources' }) {
    const seconds = Math.max(0.001, (this.now() - this.start) / 1000);
    const left = done > 0 ? (seconds * (total - done)) / done : undefined;
    return { perSecond: `${count(dialogues / seconds)} dialogues/s`, left };
  }
}

function stageWords({ stage, dialogues }: PrepareEvent & { kind: 'stage' }): string {
  return `${words[stage]} ${count(dialogues)} dialogues`;
}

function lines(stream: NodeJS.WritableStream, rate: Rate, now: () => number): PrepareProgress {
  let next = now() + betweenLines;
  const watch = (event: PrepareEvent) => {
    if (now() < next) return;
    next = now() + betweenLines;
    stream.write(`${event.kind === 'stage' ? stageWords(event) : sourcesLine(event, rate)}\n`);
  };
  return { watch, stop: () => {} };
}

function sourcesLine(event: PrepareEvent & { kind: 'sources' }, rate: Rate): string {
  const { perSecond, left } = rate.of(event);
  const rest = left === undefined ? '' : `, ${duration(left)} left`;
  return `read ${formatBytes(event.done)} of ${formatBytes(event.total)}, ${perSecond}${rest}`;
}

/** Drawn here and not by cli-progress, which needs timers: they do not run while conversations are read. */
function bar(stream: NodeJS.WritableStream, rate: Rate, now: () => number): PrepareProgress {
  let next = 0;
  const columns = 'columns' in stream && typeof stream.columns === 'number' ? stream.columns : 80;
  const show = (text: string) => stream.write(`\r\x1b[K${text.slice(0, columns - 1)}`);
  const watch = (event: PrepareEvent) => {
    if (event.kind === 'stage') {
      show(stageWords(event));
      return;
    }
    if (now() < next) return;
    next = now() + betweenBars;
    const { done, total } = event;
    const { perSecond, left } = rate.of(event);
    const tail = `${formatBytes(done)} of ${formatBytes(total)} | ${perSecond}`;
    show(barLine(total === 0 ? 0 : done / total, left, { label: 'preparing', tail }));
  };
  return { watch, stop: () => show('') };
}
