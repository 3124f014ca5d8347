// Generates many replies at once on the slots of one model. Jobs come and go between turns; a turn is what `schedule` says: one
// token for every reply that grows, and a chunk of prompts. It knows nothing of threads.

import { UserError } from '../../errors.js';
import { refuseNonFinite } from '../../generate/logits-processors.js';
import type { FinishReason } from '../../generate/reply.js';
import { TokenFilter } from '../../generate/token-filter.js';
import type { SlotPass } from '../../nn/slot-pass.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';
import { Growth } from './growth.js';
import type { JobOrder, Turn } from './messages.js';
import { type Slot, schedule } from './schedule.js';

type Report = {
  -readonly [Key in keyof Turn]: Turn[Key] extends readonly (infer Item)[] ? Item[] : Turn[Key];
};

/** A slot with a job, and the logits after its last token. */
interface Grown {
  readonly slot: number;
  readonly growth: Growth;
  readonly logits: Float32Array;
}

export class SlotLoop {
  private readonly slots: Slot<JobOrder>[];
  /** By the job's id. */
  private readonly growths = new Map<number, Growth>();
  private readonly kept = new TokenFilter();
  private waiting: readonly JobOrder[] = [];
  private cancelled = new Set<number>();
  private begun = 0;

  /** @param now in milliseconds, on the clock of the jobs' deadlines. */
  constructor(
    private readonly pass: SlotPass,
    private readonly tokenizer: Tokenizer,
    private readonly now: () => number,
  ) {
    this.slots = Array.from({ length: pass.slots }, () => ({ kind: 'idle', past: [], usedAt: 0 }));
  }

  /** Whether there is something to do. */
  get isBusy(): boolean {
    return this.waiting.length > 0 || this.slots.some(({ kind }) => kind !== 'idle');
  }

  add(job: JobOrder): void {
    this.waiting = [...this.waiting, job];
  }

  /** The job ends before the next pass. Has no effect on one that has ended. */
  cancel(id: number): void {
    this.cancelled.add(id);
  }

  /** Ends all jobs. */
  stop(): Turn {
    for (const { id } of this.waiting) this.cancel(id);
    for (const id of this.growths.keys()) this.cancel(id);
    return this.turn();
  }

  /** Does what is due now. */
  turn(): Turn {
    const report: Report = {
      ...{ started: [], pieces: [], ended: [], expired: [], failed: [] },
      ...{ written: 0, read: 0 },
    };
    this.endCancelled(report);
    const step = schedule(this.slots, this.waiting, this.pass.pieces, this.now());
    for (const slot of step.cut) this.end(slot, 'length', report);
    report.expired.push(...step.expired.map(({ id }) => id));
    for (const { slot, job, kept, copied } of step.starts) {
      if (copied) this.pass.copy(copied.slot, slot, copied.position, kept);
      this.slots[slot] = { kind: 'reading', job, filled: kept, order: this.begun++ };
      this.growths.set(job.id, new Growth(job, this.tokenizer, this.kept));
      report.started.push({ id: job.id, cached: kept });
    }
    const gone = new Set([...step.expired, ...step.starts.map(({ job }) => job)]);
    if (gone.size > 0) this.waiting = this.waiting.filter((job) => !gone.has(job));
    this.write(step.writes, report);
    for (const slot of step.reads) this.read(slot, report);
    return report;
  }

  private endCancelled(report: Report): void {
    const { cancelled } = this;
    if (cancelled.size === 0) return;
    for (const { id } of this.waiting)
      if (cancelled.has(id)) report.ended.push({ id, finishReason: 'interrupted', logLikelihoods: [] });
    this.waiting = this.waiting.filter(({ id }) => !cancelled.has(id));
    for (const [number, slot] of this.slots.entries())
      if (slot.kind !== 'idle' && cancelled.has(slot.job.id)) this.end(number, 'interrupted', report);
    this.cancelled = new Set();
  }

  private read(number: number, report: Report): void {
    const slot = this.slots[number];
    if (slot?.kind !== 'reading') return;
    const { job } = slot;
    const filled = this.pass.read(number, job.prompt, slot.filled);
    report.read += filled - slot.filled;
    this.slots[number] = { ...slot, filled };
    const growth = this.growths.get(job.id);
    if (growth === undefined) return;
    if (job.work.kind === 'score') {
      const { continuation } = job.work;
      const from = Math.max(0, slot.filled - job.scoredFrom);
      const scored = continuation.slice(from, Math.max(from, filled - job.scoredFrom));
      this.guarded(number, growth, report, () => {
        const found = this.pass.likelihoodsAfterRead(scored);
        refuseNonFinite(Float32Array.from(found));
        growth.logLikelihoods.push(...found);
      });
      if (filled === job.prompt.length) this.end(number, 'stop', report);
    } else if (filled === job.prompt.length) {
      this.slots[number] = { kind: 'writing', job };
      this.grow([{ slot: number, growth, logits: this.pass.logitsAfterRead() }], report);
    }
  }

  private write(numbers: readonly number[], report: Report): void {
    const writing: { slot: number; growth: Growth; token: number }[] = [];
    for (const slot of numbers) {
      const state = this.slots[slot];
      const growth = state?.kind === 'writing' ? this.growths.get(state.job.id) : undefined;
      if (!growth?.reply) continue;
      if (this.pass.length(slot) >= this.pass.contextLength) this.end(slot, 'length', report);
      else writing.push({ slot, growth, token: growth.reply.lastToken });
    }
    if (writing.length === 0) return;
    const rows = this.pass.advance(writing);
    report.written = writing.length;
    this.grow(
      writing.flatMap(({ slot, growth }, row) => {
        const logits = rows[row];
        return logits ? [{ slot, growth, logits }] : [];
      }),
      report,
    );
  }

  /** Chooses the next token of each reply. @param grown one for each of the logits that the pass gave last. */
  private grow(grown: readonly Grown[], report: Report): void {
    const tokens = grown.map(({ slot, growth, logits }) => {
      let token = this.tokenizer.endOfText;
      this.guarded(slot, growth, report, () => {
        token = growth.reply?.grow(logits) ?? token;
      });
      return token;
    });
    if (grown.some(({ growth }) => growth.isMeasured))
      for (const [row, likelihood] of this.pass.likelihoods(tokens).entries()) {
        const growth = grown[row]?.growth;
        if (growth?.isMeasured) growth.logLikelihoods.push(likelihood);
      }
    for (const { slot, growth } of grown) {
      // One that has failed is gone.
      if (!this.growths.has(growth.job.id)) continue;
      if (growth.reply?.finishReason !== null) this.end(slot, 'stop', report);
      else this.tell(growth, report);
    }
  }

  /** A model whose output is not a number fails the job, not the engine. */
  private guarded(number: number, { job }: Growth, report: Report, work: () => void): void {
    try {
      work();
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      report.failed.push({ id: job.id, code: thrown.code, sentence: thrown.sentence });
      this.free(number);
    }
  }

  /** Ends the job of a slot. @param reason unless the reply has ended by itself. */
  private end(number: number, reason: FinishReason, report: Report): void {
    const slot = this.slots[number];
    const growth = slot && slot.kind !== 'idle' ? this.growths.get(slot.job.id) : undefined;
    if (growth === undefined) return;
    const { job, reply, logLikelihoods } = growth;
    reply?.finish(reason);
    this.tell(growth, report);
    report.ended.push({ id: job.id, finishReason: reply?.finishReason ?? reason, logLikelihoods });
    this.free(number);
  }

  private tell(growth: Growth, report: Report): void {
    const news = growth.news();
    if (news) report.pieces.push(news);
  }

  private free(number: number): void {
    const slot = this.slots[number];
    if (slot === undefined || slot.kind === 'idle') return;
    const { id, prompt } = slot.job;
    const { pieces } = this.pass;
    const read = slot.kind === 'reading' ? slot.filled : prompt.length;
    // A prompt that was cut short was read in the pieces of the whole one.
    const past = prompt.slice(0, pieces.lasting(prompt.length, read));
    this.slots[number] = { kind: 'idle', past, usedAt: this.now() };
    this.growths.delete(id);
  }
}
