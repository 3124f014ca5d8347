// Reads test stories from YAML. Every mistake is a sentence with its line.
//
//     - story: Delivery at the weekend
//       steps:
//         - user: Do you deliver on Sundays?
//           bot: No, only on weekdays.
//         - user: And on Mondays?
//           bot: { contains: weekdays, source: retrieval, min_score: 0.7 }

import { isMap, isScalar, isSeq } from 'yaml';
import { YamlFile, type YamlNode } from '../../files/yaml-file.js';
import { quoted } from '../../quote.js';
import type { Expectation, Story, StoryStep } from './story.js';

const mostBytes = 16 * 2 ** 20;
const expectationKeys = ['text', 'one_of', 'contains', 'lacks', 'matches', 'source', 'min_score'] as const;

/** @throws UserError (usage) if the file cannot be read, or is not what docs/bots.md describes. */
export function readStories(path: string): Story[] {
  return new StoryFile(path).stories();
}

class StoryFile {
  private readonly yaml: YamlFile;

  constructor(path: string) {
    this.yaml = new YamlFile(path, {
      code: 'stories-invalid',
      unreadable: 'the stories ',
      mostBytes,
      instead: 'write a list of stories',
    });
  }

  stories(): Story[] {
    const { yaml } = this;
    const list = isSeq(yaml.root) ? yaml.root : yaml.fields(yaml.root, ['stories']).stories;
    const stories = yaml.items(list, 'stories').map((node) => this.story(node));
    if (stories.length === 0) throw yaml.wrong(list, 'lists no stories; add one');
    return stories;
  }

  private story(node: YamlNode): Story {
    const { yaml } = this;
    const { story, user, time_zone, steps } = yaml.fields(node, ['story', 'user', 'time_zone', 'steps']);
    if (story === undefined) throw yaml.wrong(node, 'is a story without a name; begin it with "story: ..."');
    const read = yaml.items(steps, 'steps').map((step) => this.step(step));
    if (read.length === 0) throw yaml.wrong(steps, 'is a story without steps; add one');
    return {
      name: yaml.filled(story),
      user: user === undefined ? 'somebody' : yaml.filled(user),
      timeZone: time_zone === undefined ? null : this.timeZone(time_zone),
      steps: read,
      place: yaml.place(node),
    };
  }

  private timeZone(node: YamlNode): string {
    const name = this.yaml.filled(node);
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
      return name;
    } catch {
      throw this.yaml.wrong(node, `has the unknown time zone ${quoted(name)}; write it like "Europe/Berlin"`);
    }
  }

  private step(node: YamlNode): StoryStep {
    const { yaml } = this;
    const { user, bot } = yaml.fields(node, ['user', 'bot']);
    if (user === undefined)
      throw yaml.wrong(node, 'is a step in which nobody speaks; begin it with "user: ..."');
    return {
      user: yaml.filled(user),
      bot: bot === undefined ? null : this.expectation(bot),
      place: yaml.place(node),
    };
  }

  private expectation(node: YamlNode): Expectation {
    const { yaml } = this;
    if (!isMap(node)) return { ...nothing, oneOf: this.texts(node) };
    const found = yaml.fields(node, expectationKeys);
    if (Object.keys(found).length === 0)
      throw yaml.wrong(node, 'expects nothing of the bot; write its answer, or leave "bot" out');
    if (found.text !== undefined && found.one_of !== undefined)
      throw yaml.wrong(node, 'has both "text" and "one_of"; keep one of the two');
    return {
      oneOf: this.texts(found.text ?? found.one_of),
      contains: this.texts(found.contains),
      lacks: this.texts(found.lacks),
      matches: found.matches === undefined ? [] : yaml.oneOrMore(found.matches).map((one) => this.regex(one)),
      source: found.source === undefined ? null : yaml.filled(found.source),
      minScore: found.min_score === undefined ? null : yaml.number(found.min_score, 'a score', 0, 1),
    };
  }

  /** One text or a list of them. */
  private texts(node: YamlNode): readonly string[] {
    if (node === undefined) return [];
    if (!isScalar(node) && !isSeq(node)) throw this.yaml.wrong(node, 'must have a text or a list of texts');
    return this.yaml.oneOrMore(node).map((one) => this.yaml.filled(one));
  }

  private regex(node: YamlNode): RegExp {
    const source = this.yaml.filled(node);
    try {
      return new RegExp(source, 'iu');
    } catch {
      throw this.yaml.wrong(node, `has ${quoted(source)}, which is no regular expression; mend it`);
    }
  }
}

const nothing: Expectation = {
  oneOf: [],
  contains: [],
  lacks: [],
  matches: [],
  source: null,
  minScore: null,
};
