// What a job that has a slot makes of logits: a reply that grows, or likelihoods of a text that is there already.

import { GrowingReply } from '../../generate/growing-reply.js';
import { candidateRandom, Sampler } from '../../generate/sampler.js';
import type { TokenFilter } from '../../generate/token-filter.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';
import type { JobOrder, Turn } from './messages.js';

export class Growth {
  /** Null for a text that is only scored. */
  readonly reply: GrowingReply | null;
  readonly logLikelihoods: number[] = [];
  private text = '';
  private reportedTokens = 0;

  /** @param kept memory that all samplers share. */
  constructor(
    readonly job: JobOrder,
    tokenizer: Tokenizer,
    kept: TokenFilter,
  ) {
    const { prompt, work } = job;
    if (work.kind === 'score') {
      this.reply = null;
      return;
    }
    const { settings, candidate } = work;
    const random = candidateRandom(settings.seed, candidate);
    const sampler = new Sampler(settings, tokenizer.endOfText, random, kept);
    const show = (piece: string) => {
      this.text += piece;
    };
    // The device computes the likelihoods of all rows at once.
    this.reply = new GrowingReply({ prompt, tokenizer, settings, sampler, measured: false, show });
  }

  /** Whether the likelihood of the next token is wanted. */
  get isMeasured(): boolean {
    const { work } = this.job;
    return work.kind === 'generate' && work.logLikelihoods;
  }

  /** What is new since the last call; null if nothing is. */
  news(): Turn['pieces'][number] | null {
    const { text } = this;
    const tokens = this.reply?.tokens.length ?? 0;
    const added = tokens - this.reportedTokens;
    this.text = '';
    this.reportedTokens = tokens;
    return text === '' && added === 0 ? null : { id: this.job.id, text, tokens: added };
  }
}
