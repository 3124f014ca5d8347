// Generates many replies at once on the slots of one model. Jobs come and go between turns; a turn is what `schedule` says: a piece
// of one prompt, and one token for every reply that grows. It knows nothing of threads.

import { UserError } from '../../errors.js';
import { GrowingReply } from '../../generate/growing-reply.js';
import { logSumExp } from '../../generate/log-softmax.js';
import type { FinishReason } from '../../generate/reply.js';
import { candidateRandom, Sampler } from '../../generate/sampler.js';
import { TokenFilter } from '../../generate/token-filter.js';
import type { SlotPass } from '../../nn/slot-pass.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';
import type { JobOrder, Turn, Work } from './messages.js';
import { type Slot, schedule } from './schedule.js';

/** What a job does with logits. */
interface Growth {
  readonly job: JobOrder;
  /** Null for a continuation that is only scored. */
  readonly reply: GrowingReply | null;
  readonly logLikelihoods: number[];
  /** Text that has not been reported. */
  text: string;
}

type Generation = Extract<Work, { kind: 'generate' }>;

type Report = {
  -readonly [Key in keyof Turn]: Turn[Key] extends readonly (infer Item)[] ? Item[] : Turn[Key];
};

export class SlotLoop {
  private readonly slots: Slot<JobOrder>[];
  private readonly growths = new Map<number, Growth>();
  private readonly kept = new TokenFilter();
  private waiting: JobOrder[] = [];
  private cancelled = new Set<number>();
  private order = 0;

  /** @param now in milliseconds, on the clock of the jobs' deadlines. */
  constructor(
    private readonly pass: SlotPass,
    private readonly tokenizer: Tokenizer,
    private readonly now: () => number = Date.now,
  ) {
    this.slots = Array.from({ length: pass.slots }, () => ({ kind: 'idle', past: [], usedAt: 0 }));
  }

  /** Whether there is something to do. */
  get isBusy(): boolean {
    return this.waiting.length > 0 || this.slots.some(({ kind }) => kind !== 'idle');
  }

  add(job: JobOrder): void {
    this.waiting.push(job);
  }

  /** The job ends before the next pass. Has no effect on one that has ended. */
  cancel(id: number): void {
    this.cancelled.add(id);
  }

  /** Does what is due now. */
  turn(): Turn {
    const report: Report = {
      ...{ started: [], pieces: [], ended: [], expired: [], failed: [] },
      ...{ written: 0, read: 0 },
    };
    this.endCancelled(report);
    const step = schedule(this.slots, this.waiting, this.pass.pieces, this.now());
    report.expired.push(...step.expired.map(({ id }) => id));
    for (const slot of step.cut) this.cut(slot, 'length', report);
    for (const { slot, job, kept } of step.starts) {
      this.slots[slot] = { kind: 'reading', job, filled: kept, order: this.order++ };
      report.started.push({ id: job.id, cached: kept });
    }
    const gone = new Set([...step.expired, ...step.starts.map(({ job }) => job)]);
    this.waiting = this.waiting.filter((job) => !gone.has(job));
    this.write(step.writes, report);
    if (step.read !== null) this.read(step.read, report);
    for (const growth of this.growths.values()) showText(growth, report);
    return report;
  }

  private endCancelled(report: Report): void {
    if (this.cancelled.size === 0) return;
    const isGone = ({ id }: JobOrder) => this.cancelled.has(id);
    for (const { id } of this.waiting.filter(isGone))
      report.ended.push({ id, finishReason: 'interrupted', logLikelihoods: [] });
    this.waiting = this.waiting.filter((job) => !isGone(job));
    for (const [number, slot] of this.slots.entries())
      if (slot.kind !== 'idle' && isGone(slot.job)) this.cut(number, 'interrupted', report);
    this.cancelled = new Set();
  }

  private read(number: number, report: Report): void {
    const slot = this.slots[number];
    if (slot?.kind !== 'reading') return;
    const { job, order } = slot;
    const { filled, logits } = this.pass.read(number, job.prompt, slot.filled, job.scoredFrom);
    report.read += filled - slot.filled;
    this.slots[number] = { kind: 'reading', job, filled, order };
    const growth = this.growthOf(job);
    for (const [at, row] of logits.entries()) {
      const position = filled - logits.length + at;
      if (this.grow(growth, row, position - job.scoredFrom, report)) continue;
      this.free(number);
      return;
    }
    if (filled < job.prompt.length) return;
    if (growth.reply === null || growth.reply.finishReason !== null) this.end(number, growth, report);
    else this.slots[number] = { kind: 'writing', job };
  }

  private write(numbers: readonly number[], report: Report): void {
    const writing = numbers.flatMap((number) => {
      const slot = this.slots[number];
      const growth = slot?.kind === 'writing' ? this.growthOf(slot.job) : null;
      return growth?.reply ? [{ number, growth, token: growth.reply.lastToken }] : [];
    });
    const full = writing.filter(({ number }) => this.pass.length(number) >= this.pass.contextLength);
    for (const { number } of full) this.cut(number, 'length', report);
    const left = writing.filter((one) => !full.includes(one));
    if (left.length === 0) return;
    const logits = this.pass.advance(left.map(({ number, token }) => ({ slot: number, token })));
    report.written = left.length;
    for (const [row, { number, growth }] of left.entries()) {
      const numbers = logits[row];
      if (numbers === undefined) continue;
      if (!this.grow(growth, numbers, 0, report)) this.free(number);
      else if (growth.reply?.finishReason !== null) this.end(number, growth, report);
    }
  }

  /**
   * @param index of the token within a continuation that is scored.
   * @returns false when the model's output is not a number; the job has failed then.
   */
  private grow(growth: Growth, logits: Float32Array, index: number, report: Report): boolean {
    const { job, reply, logLikelihoods } = growth;
    const { id, work } = job;
    if (reply === null) {
      const token = work.kind === 'score' ? work.continuation[index] : undefined;
      logLikelihoods.push((logits[token ?? 0] ?? 0) - logSumExp(logits));
      return true;
    }
    const before = reply.tokens.length;
    try {
      reply.grow(logits);
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      this.growths.delete(id);
      report.failed.push({ id, code: thrown.code, sentence: thrown.sentence });
      return false;
    }
    report.pieces.push({ id, text: growth.text, tokens: reply.tokens.length - before });
    growth.text = '';
    return true;
  }

  /** The growth of a job that has begun. */
  private growthOf(job: JobOrder): Growth {
    const known = this.growths.get(job.id);
    if (known) return known;
    const reply =
      job.work.kind === 'score'
        ? null
        : this.replyTo(job, job.work, (piece) => {
            growth.text += piece;
          });
    const growth: Growth = { job, reply, logLikelihoods: reply?.logLikelihoods ?? [], text: '' };
    this.growths.set(job.id, growth);
    return growth;
  }

  private replyTo(
    { prompt }: JobOrder,
    { settings, candidate, logLikelihoods }: Generation,
    show: (piece: string) => void,
  ): GrowingReply {
    const { tokenizer, kept } = this;
    const random = candidateRandom(settings.seed, candidate);
    const sampler = new Sampler(settings, tokenizer.endOfText, random, kept);
    return new GrowingReply({ prompt, tokenizer, settings, sampler, measured: logLikelihoods, show });
  }

  /** Ends the job of a slot early. */
  private cut(number: number, reason: FinishReason, report: Report): void {
    const slot = this.slots[number];
    if (slot === undefined || slot.kind === 'idle') return;
    const growth = this.growthOf(slot.job);
    growth.reply?.finish(reason);
    this.end(number, growth, report, reason);
  }

  private end(number: number, growth: Growth, report: Report, reason: FinishReason = 'stop'): void {
    const { job, reply, logLikelihoods } = growth;
    showText(growth, report);
    this.growths.delete(job.id);
    report.ended.push({ id: job.id, finishReason: reply?.finishReason ?? reason, logLikelihoods });
    this.free(number);
  }

  private free(number: number): void {
    const slot = this.slots[number];
    if (slot === undefined || slot.kind === 'idle') return;
    const { prompt } = slot.job;
    const { pieces } = this.pass;
    const read = slot.kind === 'reading' ? slot.filled : prompt.length;
    // A prompt that was cut short was read in the pieces of the whole one.
    const lasting = read < prompt.length ? pieces.kept(prompt.length, read) : pieces.lasting(prompt.length);
    this.slots[number] = { kind: 'idle', past: prompt.slice(0, lasting), usedAt: this.now() };
  }
}

/** Reports the rest of a text, which came without a token. */
function showText(growth: Growth, report: Report): void {
  if (growth.text !== '') report.pieces.push({ id: growth.job.id, text: growth.text, tokens: 0 });
  growth.text = '';
}
