// A neural model as a bot. A reply that fails a check is not given: the next bot is asked. So a piece is shown only once the reply
// can no longer fail those checks that need its beginning; one that begins to loop later ends there.

import { performance } from 'node:perf_hooks';
import type { Speaker } from '../generate/conversation.js';
import type { Answer, Question } from './bot.js';
import type { Model } from './hybrid-bot.js';
import { normalize } from './normalize.js';

/** The part of a ChatModel that is needed. */
export interface NeuralModel extends Speaker {
  logLikelihood(turns: readonly string[], reply: string): Promise<number>;
}

export class NeuralBot implements Model {
  readonly name = 'model';

  /** @param candidates how many replies the best is chosen from. Whoever opened the model closes it. */
  constructor(
    private readonly model: NeuralModel,
    public candidates = 1,
  ) {}

  /** The score is the mean probability of the reply's tokens: e to the mean log-likelihood. */
  async answer({ turns, settings, signal }: Question, show: (piece: string) => void): Promise<Answer> {
    const began = performance.now();
    const growing = new GrowingReply(turns, show);
    const watcher = {
      text: (piece: string) => growing.push(piece),
      shouldStop: () => signal.aborted || growing.loops,
      signal,
    };
    const made = await this.model.reply(turns, settings, watcher, this.candidates);
    // Whoever was shown its beginning sees a reply that was cut.
    const isCut = growing.loops && !signal.aborted && growing.shown !== '';
    const reply = isCut ? { ...made, text: growing.shown, finishReason: 'length' as const } : made;
    const rest = () => ({ near: [], visits: [], milliseconds: performance.now() - began });
    const isStopped = signal.aborted && reply.finishReason === 'interrupted';
    const fault = isStopped || growing.shown !== '' ? null : faultOf(reply.text, turns);
    if (fault !== null) return { kind: 'passed', why: fault, ...rest() };
    const score = reply.text === '' ? 0 : Math.exp(await this.model.logLikelihood(turns, reply.text));
    growing.showRest(reply.text);
    return {
      ...{ kind: 'said', text: reply.text, source: 'model', score },
      ...{ replyId: null, generated: reply, why: 'the model generated it' },
      ...rest(),
    };
  }

  logLikelihood(turns: readonly string[], text: string): Promise<number> {
    return this.model.logLikelihood(turns, text);
  }

  async close(): Promise<void> {}
}

/** So many words in a row that come at once again are a loop. */
const loopedWords = 4;

/** A reply while it comes. It is held back while it could still become empty or a repetition of another turn. */
class GrowingReply {
  shown = '';
  /** Whether it says the same again and again. What follows is not shown. */
  loops = false;
  private text = '';
  /** What it must not become. */
  private readonly repeated: readonly string[];

  constructor(
    turns: readonly string[],
    private readonly show: (piece: string) => void,
  ) {
    this.repeated = repeatedBy(turns);
  }

  push(piece: string): void {
    if (this.loops) return;
    this.text += piece;
    const said = normalize(this.text);
    this.loops = endsInLoop(said.split(' '));
    const isHeld = said === '' || this.repeated.some((turn) => turn.startsWith(said));
    if (!this.loops && !isHeld) this.showRest(this.text);
  }

  /** @param text begins with what was shown. */
  showRest(text: string): void {
    const piece = text.slice(this.shown.length);
    this.shown = text;
    if (piece !== '') this.show(piece);
  }
}

/** The turns that a reply must not repeat. Short ones, as "Hello", may be. */
function repeatedBy(turns: readonly string[]): readonly string[] {
  return [turns.at(-1), turns.at(-2)]
    .map((turn) => normalize(turn ?? ''))
    .filter((turn) => turn.includes(' '));
}

/** What is wrong with a whole reply; null if nothing is. */
function faultOf(text: string, turns: readonly string[]): string | null {
  const said = normalize(text);
  if (said === '') return 'its reply is empty';
  if (said === normalize(turns.at(-1) ?? '') && said.includes(' ')) return 'it repeats the message';
  if (said === normalize(turns.at(-2) ?? '') && said.includes(' ')) return 'it repeats its last reply';
  return isLoop(said) ? 'it repeats itself' : null;
}

function isLoop(text: string): boolean {
  const words = text.split(' ');
  return words.some((_, last) => endsInLoop(words.slice(0, last + 1)));
}

/** Whether the last words are the same three times. */
function endsInLoop(words: readonly string[]): boolean {
  for (let length = loopedWords; 3 * length <= words.length; length++) {
    const same = (back: number) => words.at(-back) === words.at(-back - length);
    let equal = 0;
    while (equal < 2 * length && same(equal + 1)) equal++;
    if (equal === 2 * length) return true;
  }
  return false;
}
