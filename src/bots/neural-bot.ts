// A neural model as a bot. Its reply is shown when it is complete, because one that fails a check is not given: the next bot
// is asked.

import { performance } from 'node:perf_hooks';
import type { Speaker } from '../generate/conversation.js';
import type { Reply } from '../generate/reply.js';
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
    const watcher = { text: () => {}, shouldStop: () => signal.aborted, signal };
    const reply = await this.model.reply(turns, settings, watcher, this.candidates);
    const rest = () => ({ near: [], visits: [], milliseconds: performance.now() - began });
    const fault = reply.finishReason === 'interrupted' ? null : faultOf(reply, turns);
    if (fault !== null) return { kind: 'passed', why: fault, ...rest() };
    const score = reply.text === '' ? 0 : Math.exp(await this.model.logLikelihood(turns, reply.text));
    show(reply.text);
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

/** What is wrong with a reply; null if nothing is. */
function faultOf({ text }: Reply, turns: readonly string[]): string | null {
  const said = normalize(text);
  if (said === '') return 'its reply is empty';
  if (said === normalize(turns.at(-1) ?? '') && said.includes(' ')) return 'it repeats the message';
  if (said === normalize(turns.at(-2) ?? '') && said.includes(' ')) return 'it repeats its last reply';
  return isLoop(said) ? 'it repeats itself' : null;
}

function isLoop(text: string): boolean {
  const words = text.split(' ');
  for (let length = loopedWords; 3 * length <= words.length; length++)
    for (let start = 0; start + 3 * length <= words.length; start++) {
      const part = (number: number) =>
        words.slice(start + number * length, start + (number + 1) * length).join(' ');
      if (part(0) === part(1) && part(1) === part(2)) return true;
    }
  return false;
}
