// Test stories: what a file may hold and how mistakes are reported, how stories are told to a bot, and the reports.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Answer, Bot, Question } from '../../bots/bot.js';
import { UserError } from '../../errors.js';
import { defaultSettings } from '../../generate/settings.js';
import { problemsOf } from './check.js';
import { junitXml } from './junit.js';
import { readStories } from './read-stories.js';
import type { Story, StoryResult } from './story.js';
import { failedStoriesYaml, failureText } from './story-text.js';
import { tellStories } from './tell-stories.js';

const folder = mkdtempSync(join(tmpdir(), 'stories-'));
after(() => rmSync(folder, { recursive: true }));

function written(yaml: string, name = 'stories.yml'): string {
  const path = join(folder, name);
  writeFileSync(path, yaml);
  return path;
}

const whole = `
- story: Delivery at the weekend
  user: ann
  time-zone: Europe/Berlin
  steps:
    - user: Do you deliver on Sundays?
      bot: No, only on weekdays.
    - user: And on Mondays?
      bot: { contains: weekdays, lacks: [Sunday], matches: '^on', source: retrieval, min_score: 0.7 }
    - user: Thanks
- story: "Anything: goes"
  steps:
    - user: no
      bot: [yes, 'no']
`;

function said(text: string, source = 'retrieval: faq.csv:1', score = 0.9): Answer {
  const rest = { why: 'it is known', near: [], milliseconds: 1, visits: [], replyId: null, generated: null };
  return { kind: 'said', text, source, score, ...rest };
}

/** Answers with what `reply` gives for the turns so far, and records what it was asked. */
function scripted(reply: (turns: readonly string[]) => Answer): Bot & { readonly asked: Question[] } {
  const asked: Question[] = [];
  return {
    name: 'scripted',
    asked,
    answer: async (question) => {
      asked.push(question);
      return reply(question.turns);
    },
    close: async () => {},
  };
}

async function told(stories: readonly Story[], reply: (turns: readonly string[]) => Answer) {
  const bot = scripted(reply);
  const results: StoryResult[] = [];
  const telling = {
    settings: defaultSettings,
    signal: new AbortController().signal,
    begin: async (user: string) => `conversation of ${user}`,
  };
  for await (const result of tellStories(bot, stories, telling)) results.push(result);
  return { results, asked: bot.asked };
}

const failedAll = () => said('Sunday it is <b>&\u0007', 'model', 0.2);

describe('a file of stories', () => {
  it('gives each step what the bot must answer, and its line', () => {
    const [first, second] = readStories(written(whole));
    assert.equal(first?.name, 'Delivery at the weekend');
    assert.equal(first.user, 'ann');
    assert.equal(first.timeZone, 'Europe/Berlin');
    assert.deepEqual(first.steps[0]?.bot?.oneOf, ['No, only on weekdays.']);
    assert.deepEqual(first.steps[1]?.bot, {
      oneOf: [],
      contains: ['weekdays'],
      lacks: ['Sunday'],
      matches: [/^on/iu],
      source: 'retrieval',
      minScore: 0.7,
    });
    assert.match(first.steps[1]?.place ?? '', /stories\.yml:8$/);
    assert.equal(first.steps[2]?.bot, null);
    assert.deepEqual(second?.steps[0]?.bot?.oneOf, ['yes', 'no']);
  });

  const mistakes: [string, RegExp][] = [
    ['- stori: x\n  steps: []\n', /:1:\d+ has the unknown key "stori"; did you mean "story"\?/],
    [
      '- story: x\n  steps:\n    - user: hi\n      bot: { contain: x }\n',
      /:4:\d+ .*"contain"; did you mean "contains"/,
    ],
    ['- story: x\n  steps: []\n', /:2:\d+ is a story without steps/],
    ['- steps:\n    - user: hi\n', /:1:\d+ is a story without a name/],
    ['- story: x\n  steps:\n    - bot: hi\n', /:3:\d+ is a step in which nobody speaks/],
    ['- story: x\n  steps:\n    - user: ""\n', /:3:\d+ has an empty text/],
    ["- story: x\n  steps:\n    - user: hi\n      bot: { matches: '(' }\n", /:4:\d+ .*no regular expression/],
    ['- story: x\n  steps:\n    - user: hi\n      bot: { min_score: 2 }\n', /:4:\d+ has a score of "2"/],
    ['- story: x\n  steps:\n    - user: hi\n      bot: {}\n', /:4:\d+ expects nothing/],
    ['- story: x\n  time_zone: Berlin\n  steps:\n    - user: hi\n', /:2:\d+ .*unknown time zone "Berlin"/],
    ['- story: &a x\n  steps:\n    - user: *a\n', /:3:\d+ refers to another value/],
    ['[]', /lists no stories/],
    ['- story: [', /is not valid YAML/],
  ];
  for (const [yaml, message] of mistakes)
    it(`reports one mistake with its line: ${JSON.stringify(yaml)}`, () => {
      assert.throws(
        () => readStories(written(yaml, 'mistake.yml')),
        (thrown) =>
          thrown instanceof UserError && thrown.code === 'stories-invalid' && message.test(thrown.message),
      );
    });
});

describe('telling stories', () => {
  it('gives the bot the conversation so far, and a user and a conversation for each story', async () => {
    const stories = readStories(written(whole));
    const { results, asked } = await told(stories, (turns) => said(`answer ${turns.length}`));
    assert.deepEqual(asked[2]?.turns, [
      'Do you deliver on Sundays?',
      'answer 1',
      'And on Mondays?',
      'answer 3',
      'Thanks',
    ]);
    assert.equal(asked[0]?.timeZone, 'Europe/Berlin');
    assert.equal(asked[0]?.user, asked[2]?.user);
    assert.notEqual(asked[0]?.user, asked[3]?.user);
    assert.equal(asked[0]?.conversation, `conversation of ${asked[0]?.user}`);
    assert.deepEqual(
      results.map(({ passed }) => passed),
      [false, false],
    );
  });

  it('passes a story when every answer is as expected, and goes on after one that is not', async () => {
    const answers = ['No, only on weekdays.', 'On all weekdays', 'You are welcome', 'no'];
    let next = 0;
    const { results } = await told(readStories(written(whole)), () => said(answers[next++] ?? ''));
    assert.deepEqual(
      results.map(({ passed }) => passed),
      [true, true],
    );
    const failed = await told(readStories(written(whole)), failedAll);
    assert.equal(failed.results[0]?.steps.length, 3);
    assert.equal(failed.results[0]?.steps[1]?.problems.length, 5);
  });
});

it('takes a source by its first part, and an answer that passed as wrong', () => {
  const expected = { oneOf: [], contains: [], lacks: [], matches: [], source: 'rules', minScore: null };
  assert.deepEqual(problemsOf(said('x', 'rules: opening-hours'), expected), []);
  assert.deepEqual(problemsOf(said('x', 'rules'), expected), []);
  assert.equal(problemsOf(said('x', 'rulesome'), expected).length, 1);
  const passed = {
    kind: 'passed',
    why: 'no question is near',
    near: [],
    milliseconds: 1,
    visits: [],
  } as const;
  assert.deepEqual(problemsOf(passed, expected), ['the bot has no answer: no question is near']);
});

describe('a report on stories', () => {
  it('holds the stories that failed as stories, with the answers as comments', async () => {
    const stories = readStories(written(whole));
    const { results } = await told(stories, (turns) =>
      turns.length === 1 && turns[0] === 'no' ? said('no') : failedAll(),
    );
    const yaml = failedStoriesYaml(results);
    assert.match(yaml, /# said: Sunday it is/);
    const again = readStories(written(yaml, 'failed_stories.yml'));
    assert.deepEqual(again.map(withoutPlaces), stories.slice(0, 1).map(withoutPlaces));
    const [failed] = results;
    assert.ok(failed);
    assert.match(failureText(failed), /user: Do you deliver on Sundays\?\n.*bot: {2}Sunday it is/);
  });

  it('is well-formed JUnit XML, whatever the bot says', async () => {
    const { results } = await told(readStories(written(whole)), failedAll);
    const xml = junitXml(results);
    assert.match(xml, /<testsuite name="stories" skipped="0" tests="2" failures="2"/);
    assert.match(xml, /&lt;b&gt;&amp;/);
    assert.equal(xml.includes('\u0007'), false);
  });
});

function withoutPlaces({ place: _, steps, ...story }: Story) {
  return { ...story, steps: steps.map(({ place: _, ...step }) => step) };
}
