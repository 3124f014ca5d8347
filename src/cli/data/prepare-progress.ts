// Progress of `chatbot-data prepare` on stderr: in a terminal a bar, elsewhere a line now and then, nothing with --quiet. The time
// that is left is that of the step shown. The preparation does not turn the event loop, so everything is written at once and no
// signal is caught.

import { basename } from 'node:path';
import { formatBytes } from '../../files/format-bytes.js';
import type { PrepareEvent, Stage, Watch } from '../../prepare/source-progress.js';
import { quoted } from '../../quote.js';
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

const words: Readonly<Record<Exclude<Stage, 'rule'>, string>> = {
  equal: 'looking for equal dialogues',
  shingles: 'reading what might be similar',
  similar: 'comparing similar dialogues',
  dropping: 'leaving out duplicates',
  suspicious: 'ranking replies',
  split: 'dividing',
  writing: 'writing',
};

export function prepareProgress({ isTerminal, isQuiet, stream, now = Date.now }: Options): PrepareProgress {
  if (isQuiet) return { watch: () => {}, stop: () => {} };
  const clock = new StepClock(now);
  return isTerminal ? bar(stream, clock, now) : lines(stream, clock, now);
}

/** What a person sees of an event. */
interface Shown {
  readonly step: string;
  /** From 0 to 1; null if nobody knows. */
  readonly share: number | null;
  /** How much of what. */
  readonly amount: string;
  /** In seconds; undefined if nobody knows. */
  readonly left: number | undefined;
}

/** Measures each step from its beginning. */
class StepClock {
  private step = '';
  private start = 0;
  private before = 0;

  constructor(private readonly now: () => number) {}

  shown(event: PrepareEvent): Shown {
    if (event.kind === 'stage') {
      const step = event.stage === 'rule' ? `applying ${event.rule}` : words[event.stage];
      const { left } = this.measured(step, event.share, 1);
      return { step, share: event.share, amount: `${count(event.dialogues)} dialogues`, left };
    }
    const { done, total, dialogues, checking } = event;
    if (checking) {
      const amount = formatBytes(checking.bytes);
      return { step: `checking ${quoted(basename(checking.path))}`, share: null, amount, left: undefined };
    }
    const { left, seconds } = this.measured('reading and cleaning', done, total);
    const perSecond = `${count(dialogues / Math.max(0.001, seconds))} dialogues/s`;
    const amount = `${formatBytes(done)} of ${formatBytes(total)}, ${perSecond}`;
    return { step: 'reading and cleaning', share: total === 0 ? 0 : done / total, amount, left };
  }

  /** What was done before the step was first seen took no time of it. */
  private measured(step: string, done: number, total: number) {
    if (step !== this.step) {
      this.step = step;
      this.start = this.now();
      this.before = done;
    }
    const seconds = (this.now() - this.start) / 1000;
    const since = done - this.before;
    return { seconds, left: since > 0 && seconds > 0 ? (seconds * (total - done)) / since : undefined };
  }
}

function lines(stream: NodeJS.WritableStream, clock: StepClock, now: () => number): PrepareProgress {
  let next = now() + betweenLines;
  const watch = (event: PrepareEvent) => {
    const { step, share, amount, left } = clock.shown(event);
    if (now() < next) return;
    next = now() + betweenLines;
    const percent = share === null ? '' : `, ${Math.floor(100 * share)}%`;
    const rest = left === undefined ? '' : `, ${duration(left)} left for this`;
    stream.write(`${step}: ${amount}${percent}${rest}\n`);
  };
  return { watch, stop: () => {} };
}

/** Drawn here and not by cli-progress, which needs timers: they do not run while conversations are read. */
function bar(stream: NodeJS.WritableStream, clock: StepClock, now: () => number): PrepareProgress {
  let next = 0;
  let last = '';
  const columns = 'columns' in stream && typeof stream.columns === 'number' ? stream.columns : 80;
  const show = (text: string) => stream.write(`\r\x1b[K${text.slice(0, columns - 1)}`);
  const watch = (event: PrepareEvent) => {
    const { step, share, amount, left } = clock.shown(event);
    // A step is shown as soon as it begins.
    if (now() < next && step === last) return;
    next = now() + betweenBars;
    last = step;
    if (share === null) show(`${step}: ${amount}`);
    else show(barLine(share, left, { label: step, tail: amount }));
  };
  return { watch, stop: () => show('') };
}
