// The results of stories for people: the dialogue of a story that failed, and a file of the stories that failed.

import { Document, isMap, isSeq, type YAMLMap } from 'yaml';
import { oneLine } from '../../quote.js';
import type { Expectation, StepResult, Story, StoryResult } from './story.js';

/** The story's dialogue, with what is wrong below each answer. */
export function failureText({ story, steps }: StoryResult): string {
  const lines = [`${oneLine(story.name, 100)} (${story.place})`];
  for (const { step, answer, problems } of steps) {
    lines.push(`  user: ${oneLine(step.user, 200)}`);
    lines.push(`  bot:  ${answer.kind === 'said' ? oneLine(answer.text, 200) : '(no answer)'}`);
    for (const problem of problems) lines.push(`        ${step.place}: ${problem}`);
  }
  return lines.join('\n');
}

/** YAML that `readStories` reads: the stories that failed as they were written, with the answers as comments. */
export function failedStoriesYaml(results: readonly StoryResult[]): string {
  const failed = results.filter(({ passed }) => !passed);
  const document = new Document(failed.map(({ story }) => storyValue(story)));
  if (isSeq(document.contents))
    for (const [index, node] of document.contents.items.entries()) {
      const steps = isMap(node) ? node.get('steps') : null;
      if (isSeq(steps))
        for (const [number, step] of steps.items.entries())
          noteAnswer(step as YAMLMap, failed[index]?.steps[number]);
    }
  return document.toString({ lineWidth: 0 });
}

function noteAnswer(step: YAMLMap, result: StepResult | undefined): void {
  if (result === undefined || result.problems.length === 0) return;
  const { answer, problems } = result;
  const said =
    answer.kind === 'said'
      ? ` said: ${oneLine(answer.text, 200)} (${answer.source}, ${answer.score.toFixed(2)})`
      : ' said nothing';
  step.commentBefore = [said, ...problems.map((problem) => ` ${problem}`)].join('\n');
}

function storyValue({ name, user, timeZone, steps }: Story): object {
  return {
    story: name,
    ...(user !== 'somebody' && { user }),
    ...(timeZone !== null && { time_zone: timeZone }),
    steps: steps.map((step) => ({
      user: step.user,
      ...(step.bot !== null && { bot: expectationValue(step.bot) }),
    })),
  };
}

function expectationValue(expected: Expectation): object {
  const { oneOf, contains, lacks, matches, source, minScore } = expected;
  return {
    ...(oneOf.length > 0 && { one_of: oneOf }),
    ...(contains.length > 0 && { contains }),
    ...(lacks.length > 0 && { lacks }),
    ...(matches.length > 0 && { matches: matches.map((regex) => regex.source) }),
    ...(source !== null && { source }),
    ...(minScore !== null && { min_score: minScore }),
  };
}
