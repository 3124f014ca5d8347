// For tests: what every bot must do, independently of what it knows.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Bot, Question } from '../../src/bots/bot.js';
import { defaultSettings } from '../../src/generate/settings.js';

export interface BotUnderTest {
  readonly bot: Bot;
  /** Begins a conversation in the bot's store; absent for bots that keep none. */
  readonly begin?: (user: string) => Promise<string>;
}

/** A question of an unknown user, without a conversation. */
export function questionOf(turns: readonly string[], more: Partial<Question> = {}): Question {
  return {
    ...{ turns, user: null, conversation: null, timeZone: 'Europe/Berlin', settings: defaultSettings },
    signal: new AbortController().signal,
    ...more,
  };
}

/** What an answer is besides its time. */
function contentOf(answer: Answer): unknown {
  const withoutTime = (visits: Answer['visits']) => visits.map(({ milliseconds: _, ...visit }) => visit);
  const { milliseconds: _, visits, ...content } = answer;
  return { ...content, visits: withoutTime(visits) };
}

/**
 * @param open a fresh bot that knows the same each time.
 * @param talks conversations: the messages of a user, of which some are answered.
 */
export function describeBot(
  name: string,
  open: () => Promise<BotUnderTest>,
  talks: readonly (readonly string[])[],
): void {
  /** Tells a conversation, and gives the answers. */
  async function told(
    { bot, begin }: BotUnderTest,
    messages: readonly string[],
    user: string,
  ): Promise<unknown[]> {
    const conversation = (await begin?.(user)) ?? null;
    const turns: string[] = [];
    const answers: unknown[] = [];
    for (const message of messages) {
      turns.push(message);
      const answer = await bot.answer(questionOf([...turns], { user, conversation }), () => {});
      answers.push(contentOf(answer));
      if (answer.kind === 'said') turns.push(answer.text);
      else turns.pop();
    }
    return answers;
  }

  describe(name, () => {
    it('shows the pieces of what it says, and says why', async () => {
      const { bot } = await open();
      let said = 0;
      for (const message of talks.flat()) {
        const pieces: string[] = [];
        const answer = await bot.answer(questionOf([message]), (piece) => pieces.push(piece));
        assert.match(answer.why, /^[^\n]+$/);
        assert.ok(answer.milliseconds >= 0);
        if (answer.kind === 'passed') assert.deepEqual(pieces, []);
        else {
          said++;
          assert.equal(pieces.join(''), answer.text);
          assert.ok(answer.text !== '' && answer.source !== '' && answer.score >= 0 && answer.score <= 1);
        }
      }
      assert.ok(said > 0);
      await bot.close();
    });

    it('answers 100 overlapping conversations as one after another', async () => {
      const all = Array.from({ length: 100 }, (_, at) => talks[at % talks.length] ?? []);
      const [apart, together] = [await open(), await open()];
      const expected: unknown[] = [];
      for (const [at, messages] of all.entries()) expected.push(await told(apart, messages, `user ${at}`));
      const found = await Promise.all(all.map((messages, at) => told(together, messages, `user ${at}`)));
      assert.deepEqual(found, expected);
      for (const { bot } of [apart, together]) await bot.close();
    });

    it('keeps no trace of what was stopped', async () => {
      const [calm, stopped] = [await open(), await open()];
      const signal = AbortSignal.abort();
      for (const messages of talks) {
        const conversation = (await stopped.begin?.('ann')) ?? null;
        for (const message of messages)
          await stopped.bot
            .answer(questionOf([message], { user: 'ann', conversation, signal }), () => {})
            .catch(() => {});
        assert.deepEqual(await told(stopped, messages, 'ann'), await told(calm, messages, 'ann'));
      }
      for (const { bot } of [calm, stopped]) await bot.close();
    });

    it('answers or passes messages of any kind', async () => {
      const { bot } = await open();
      const hostile = [
        '',
        ' ',
        '\u0000',
        '\u202eabc',
        '\ud800',
        '{name} $& [a|b]',
        '?'.repeat(100_000),
        'a b '.repeat(25_000),
      ];
      for (const message of [...hostile, '三'.repeat(100_000), '((('.repeat(30_000), '9'.repeat(100_000)]) {
        const answer = await bot.answer(questionOf([message]), () => {});
        assert.match(answer.why, /^[^\n]+$/);
      }
      await bot.close();
    });
  });
}
