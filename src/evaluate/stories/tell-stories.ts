// Tells stories to a bot and checks its answers. Each story is a conversation of its own with a user of its own.

import { randomUUID } from 'node:crypto';
import type { Bot } from '../../bots/bot.js';
import type { GenerationSettings } from '../../generate/settings.js';
import { problemsOf } from './check.js';
import type { StepResult, Story, StoryResult } from './story.js';

export interface Telling {
  readonly settings: GenerationSettings;
  readonly signal: AbortSignal;
  /** Begins a conversation in the bot's store. */
  readonly begin: (user: string) => Promise<string | null>;
}

/** Results in the order of the stories, each as soon as it is known. */
export async function* tellStories(
  bot: Bot,
  stories: readonly Story[],
  telling: Telling,
): AsyncGenerator<StoryResult> {
  // Two runs at once, or two stories of the same user name, must not share facts.
  const run = randomUUID();
  for (const [index, story] of stories.entries())
    yield await tellStory(bot, story, `${run}:${index}:${story.user}`, telling);
}

async function tellStory(
  bot: Bot,
  story: Story,
  user: string,
  { settings, signal, begin }: Telling,
): Promise<StoryResult> {
  const conversation = await begin(user);
  const turns: string[] = [];
  const steps: StepResult[] = [];
  const began = performance.now();
  for (const step of story.steps) {
    turns.push(step.user);
    const answer = await bot.answer(
      { turns: [...turns], user, conversation, timeZone: story.timeZone, settings, signal },
      () => {},
    );
    signal.throwIfAborted();
    const problems = step.bot === null ? [] : problemsOf(answer, step.bot);
    steps.push({ step, answer, problems });
    turns.push(answer.kind === 'said' ? answer.text : '');
  }
  return {
    story,
    steps,
    passed: steps.every(({ problems }) => problems.length === 0),
    milliseconds: performance.now() - began,
  };
}
