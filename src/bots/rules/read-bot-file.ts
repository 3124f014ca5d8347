// Reads a bot file: lists, facts, rules, forms, skills, answers and retrieval, as docs/bots.md describes them. A mistake in its form is a
// UserError with line and column. What only concerns one answer or expression becomes a finding, so that `validate` shows them
// all at once.

import { isMap, type Node } from 'yaml';
import { UserError } from '../../errors.js';
import { YamlFile, type YamlNode } from '../../files/yaml-file.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { type AnswerSettings, defaultAnswers } from '../answer-settings.js';
import { factPatterns } from '../memory/fact-patterns.js';
import { type BotFile, defaultFormTexts, type Finding, type FormTexts } from './bot-file.js';
import { nameOf } from './names.js';
import { readBlocked } from './read-blocked.js';
import { FormReader } from './read-form.js';
import { readRetrieval } from './read-retrieval.js';
import { RuleReader } from './read-rule.js';
import { type SkillName, skillNames } from './skills.js';
import { listKind, longestListWord, type SlotKind, slotKinds } from './slots.js';
import { textsByLanguage } from './texts-by-language.js';
import { errorsIn } from './validate.js';

const mostBytes = 2 ** 20;
const mostTriggers = 5000;
const sections = ['lists', 'facts', 'rules', 'forms', 'skills', 'answers', 'retrieval', 'blocked'] as const;

/** @throws UserError when the file cannot be read or has another form than docs/bots.md describes. */
export function readBotFile(path: string): BotFile {
  const yaml = new YamlFile(path, {
    code: 'bot-file-invalid',
    unreadable: 'the bot file ',
    mostBytes,
    instead: 'write lists, rules and forms as docs/bots.md shows them',
  });
  return new Reading(yaml).file();
}

/** As `readBotFile`, but a file with errors is refused too. */
export function openBotFile(path: string): BotFile {
  const file = readBotFile(path);
  const [error] = errorsIn(file);
  if (error) throw new UserError('bot-file-invalid', `${error.place} ${error.message}`);
  return file;
}

class Reading {
  private readonly findings: Finding[] = [];
  private readonly kinds = new Map<string, SlotKind>(slotKinds.map((kind) => [kind.name, kind]));
  private readonly lists = new Map<string, { readonly place: string }>();
  /** Those that memory finds by itself, and those that the file names. */
  private readonly facts = new Set<string>(factPatterns.map(({ key }) => key));

  constructor(private readonly yaml: YamlFile) {}

  file(): BotFile {
    const { yaml } = this;
    if (yaml.root === null)
      throw yaml.wrong(
        null,
        `is empty; it needs ${quoted('rules')}, ${quoted('forms')} or ${quoted('skills')}`,
      );
    const written = yaml.fields(yaml.root, sections);
    if (written.lists) for (const [key, value] of yaml.pairs(written.lists)) this.addList(key, value);
    if (written.facts) this.addFacts(written.facts);
    const rules = new RuleReader(yaml, this.kinds, this.facts, this.findings);
    const forms = new FormReader(yaml, rules);
    const named = (node: YamlNode) => (node ? yaml.pairs(node) : []);
    const formPairs = named(written.forms);
    const rulePairs = named(written.rules);
    const count = formPairs.length + rulePairs.length;
    if (count > mostTriggers)
      throw yaml.wrong(
        yaml.root,
        `has ${count} rules and forms, but there can be ${mostTriggers}; learn questions and answers instead`,
      );
    const triggers = [
      ...rulePairs.map(([key, value]) => rules.rule(key, value)),
      ...formPairs.map(([key, value]) => forms.form(key, value)),
    ];
    const { answers, formTexts } = this.answers(written.answers);
    return {
      path: yaml.path,
      triggers,
      lists: this.lists,
      facts: this.facts,
      skills: this.skills(written.skills),
      answers,
      retrieval: readRetrieval(yaml, written.retrieval),
      blocked: readBlocked(yaml, written.blocked),
      formTexts,
      findings: this.findings,
    };
  }

  private addList(key: Node, value: YamlNode): void {
    const { yaml } = this;
    const name = nameOf(yaml, key, 'a list');
    if (this.kinds.has(name))
      throw yaml.wrong(
        key,
        `has a list with the name ${quoted(name)}, which is a kind of slot; use another name`,
      );
    const words = new Map<string, string>();
    const add = (node: YamlNode, meaning: string) => {
      const word = yaml.filled(node);
      if (word.length > longestListWord)
        throw yaml.wrong(
          node,
          `has ${word.length} characters in a list, but there can be ${longestListWord}`,
        );
      if (!words.has(word)) words.set(word, meaning);
    };
    if (isMap(value))
      for (const [meaning, others] of yaml.pairs(value)) {
        const text = yaml.filled(meaning);
        add(meaning, text);
        for (const other of yaml.oneOrMore(others)) add(other, text);
      }
    else for (const item of yaml.items(value, 'values')) add(item, yaml.filled(item));
    if (words.size === 0) throw yaml.wrong(key, `has the list ${quoted(name)} without values; add some`);
    this.kinds.set(name, listKind(name, words));
    this.lists.set(name, { place: yaml.place(key) });
  }

  private addFacts(node: YamlNode): void {
    for (const item of this.yaml.items(node, 'names of facts'))
      this.facts.add(nameOf(this.yaml, item, 'a fact'));
  }

  private skills(node: YamlNode): readonly SkillName[] {
    if (node === undefined) return skillNames;
    return this.yaml.items(node, 'skills').map((item) => {
      const name = this.yaml.filled(item);
      const skill = skillNames.find((known) => known === name);
      if (skill) return skill;
      const near = nearest(name, skillNames);
      const advice = near ? `did you mean ${quoted(near)}?` : `there are ${skillNames.join(', ')}`;
      throw this.yaml.wrong(item, `names the unknown skill ${quoted(name)}; ${advice}`);
    });
  }

  private answers(node: YamlNode): { readonly answers: AnswerSettings; readonly formTexts: FormTexts } {
    if (node === undefined) return { answers: defaultAnswers, formTexts: defaultFormTexts };
    return readAnswers(this.yaml, node);
  }
}

const answerKeys = [
  ...(['fallback', 'did_you_mean', 'certain_from', 'answer_from', 'near_from'] as const),
  ...(['ambiguity_margin', 'choice', 'repeat_after'] as const),
  ...(['cancelled', 'expired', 'outdated', 'gave_up', 'yes_or_no', 'start_over'] as const),
] as const;
const choices = ['first', 'frequent', 'random'] as const;

function readAnswers(
  yaml: YamlFile,
  node: YamlNode,
): { readonly answers: AnswerSettings; readonly formTexts: FormTexts } {
  const written = yaml.fields(node, answerKeys);
  const texts = (value: YamlNode, preset: AnswerSettings['fallback']) =>
    value === undefined ? preset : textsByLanguage(yaml, value);
  const score = (value: YamlNode, preset: number) =>
    value === undefined ? preset : yaml.number(value, 'a score', 0, 1);
  const answers: AnswerSettings = {
    fallback: texts(written.fallback, defaultAnswers.fallback),
    didYouMean: texts(written.did_you_mean, defaultAnswers.didYouMean),
    certainFrom: score(written.certain_from, defaultAnswers.certainFrom),
    answerFrom: score(written.answer_from, defaultAnswers.answerFrom),
    nearFrom: score(written.near_from, defaultAnswers.nearFrom),
    ambiguityMargin: score(written.ambiguity_margin, defaultAnswers.ambiguityMargin),
    choice: written.choice === undefined ? defaultAnswers.choice : choiceOf(yaml, written.choice),
    repeatAfter:
      written.repeat_after === undefined
        ? defaultAnswers.repeatAfter
        : Math.floor(yaml.number(written.repeat_after, 'a number of turns', 0, 1000)),
  };
  if (answers.nearFrom > answers.answerFrom || answers.answerFrom > answers.certainFrom)
    throw yaml.wrong(
      written.near_from ?? written.answer_from ?? written.certain_from,
      'has scores out of order; near_from must be at most answer_from, and that at most certain_from',
    );
  const formTexts: FormTexts = {
    cancelled: texts(written.cancelled, defaultFormTexts.cancelled),
    expired: texts(written.expired, defaultFormTexts.expired),
    outdated: texts(written.outdated, defaultFormTexts.outdated),
    gaveUp: texts(written.gave_up, defaultFormTexts.gaveUp),
    yesOrNo: texts(written.yes_or_no, defaultFormTexts.yesOrNo),
    startOver: texts(written.start_over, defaultFormTexts.startOver),
  };
  return { answers, formTexts };
}

function choiceOf(yaml: YamlFile, node: YamlNode): AnswerSettings['choice'] {
  const written = yaml.filled(node);
  const known = choices.find((choice) => choice === written);
  if (known) return known;
  throw yaml.wrong(node, `has the choice ${quoted(written)}, but it must be ${choices.join(', ')}`);
}
