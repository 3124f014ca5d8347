// `chatbot-rules test`: tells test stories to a bot, and reports those that fail.

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { botParts, type OpenBotOptions, openBot } from '../../bots/open-bot.js';
import { type TestOption, testOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, messageOf, UserError } from '../../errors.js';
import { junitXml } from '../../evaluate/stories/junit.js';
import { readStories } from '../../evaluate/stories/read-stories.js';
import type { Story, StoryResult } from '../../evaluate/stories/story.js';
import { failedStoriesYaml, failureText } from '../../evaluate/stories/story-text.js';
import { tellStories } from '../../evaluate/stories/tell-stories.js';
import { NewFile } from '../../files/new-file.js';
import { defaultSettings } from '../../generate/settings.js';
import { jsonLine, visible } from '../../quote.js';
import { interruptible } from '../data/interruptible.js';
import type { Streams } from '../data/reading.js';
import { count } from '../format.js';
import { answerJson } from './ask.js';
import { botNotNamed } from './bot-store.js';
import { vectorProgress } from './vector-progress.js';

const example = 'chatbot-rules test stories.yml --bot shop.db';

export async function testCommand(
  given: GivenOptions<TestOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(testOptions, [given]);
  if (options.paths.length === 0)
    throw new UserError('data-not-named', `name test stories, for example ${example}`);
  if (options.bot.length === 0) throw botNotNamed(example);
  const stories = options.paths.flatMap(storyFiles).flatMap(readStories);
  const tell = async (signal: AbortSignal) => {
    const finding = { flags: options, vectors: 'now', progress: vectorProgress(streams) } as const;
    const results = await toldTo(options.bot, finding, stories, signal);
    const failed = results.filter(({ passed }) => !passed);
    if (failed.length > 0) write(options.failed, failedStoriesYaml(results));
    else rmSync(options.failed, { force: true });
    if (options.junit !== null) write(options.junit, junitXml(results));
    streams.stdout.write(
      options.json ? `${jsonLine(resultsJson(results))}\n` : resultsText(results, options.failed),
    );
    return failed.length > 0 ? ExitCode.unexpected : ExitCode.ok;
  };
  return interruptible(tell, () => streams.stderr.write('stopped; nothing is reported\n'));
}

async function toldTo(
  bots: readonly string[],
  finding: OpenBotOptions['finding'],
  stories: readonly Story[],
  signal: AbortSignal,
) {
  const { bot, store, close } = await openBot(botParts(bots), {
    isTrial: true,
    ...(finding && { finding }),
  });
  try {
    const results: StoryResult[] = [];
    const begin = (user: string) => store.begin(user);
    for await (const result of tellStories(bot, stories, { settings: defaultSettings, signal, begin }))
      results.push(result);
    return results;
  } finally {
    await close();
  }
}

/** The YAML files of a folder, at any depth, in the order of their names. */
function storyFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.ya?ml$/i.test(file),
    );
    if (files.length > 0) return files.sort().map((file) => join(path, file));
  } catch (thrown) {
    throw new UserError('stories-invalid', `${path} cannot be read: ${messageOf(thrown)}; check the path`, {
      cause: thrown,
    });
  }
  throw new UserError('stories-invalid', `${path} has no stories; put YAML files into it`);
}

function write(path: string, text: string): void {
  const file = new NewFile(path, true);
  file.write(text);
  file.commit();
}

function resultsText(results: readonly StoryResult[], failedFile: string): string {
  const failed = results.filter(({ passed }) => !passed);
  const of = `${count(results.length)} ${results.length === 1 ? 'story' : 'stories'}`;
  if (failed.length === 0) return `${of} passed\n`;
  return `${failed.map((result) => `${visible(failureText(result))}\n\n`).join('')}${count(failed.length)} of ${of} failed; ${failedFile} has them\n`;
}

function resultsJson(results: readonly StoryResult[]): object {
  return {
    stories: results.length,
    failed: results.filter(({ passed }) => !passed).length,
    results: results.map(({ story, passed, steps }) => ({
      story: story.name,
      place: story.place,
      passed,
      steps: steps.map(({ step, answer, problems }) => ({
        user: step.user,
        ...answerJson(answer),
        problems,
      })),
    })),
  };
}
