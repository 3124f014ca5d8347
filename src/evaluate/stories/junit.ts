// The results of stories as JUnit XML, which CI systems show. A story is a test case, its file is the class.

import type { StoryResult } from './story.js';
import { failureText } from './story-text.js';

export function junitXml(results: readonly StoryResult[]): string {
  const failed = results.filter(({ passed }) => !passed).length;
  const seconds = results.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  const counts = `tests="${results.length}" failures="${failed}" errors="0" time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `<testsuite name="stories" skipped="0" ${counts}>`,
    ...results.map(testCase),
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(result: StoryResult): string {
  const { story, milliseconds } = result;
  const [file = ''] = story.place.split(/:(?=\d+$)/);
  const name = `name="${escaped(story.name)}" classname="${escaped(file)}" time="${(milliseconds / 1000).toFixed(3)}"`;
  if (result.passed) return `<testcase ${name}/>`;
  const problems = result.steps.flatMap((step) => step.problems);
  return [
    `<testcase ${name}>`,
    `<failure message="${escaped(problems[0] ?? '')}">${escaped(failureText(result))}</failure>`,
    '</testcase>',
  ].join('\n');
}

/** XML 1.0 cannot hold most control characters, in no spelling, nor lone surrogates. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
