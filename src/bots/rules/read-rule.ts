// Reads rules, and what rules and forms share: the messages they are for, conditions, and answers.

import { isMap, type Node } from 'yaml';
import type { YamlFile, YamlNode } from '../../files/yaml-file.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { type AnswerText, AnswerTextError, parseAnswer } from '../answer-text.js';
import { normalize } from '../normalize.js';
import type {
  Answers,
  Condition,
  ExactText,
  Finding,
  Matcher,
  Rule,
  Trigger,
  WrittenAnswer,
} from './bot-file.js';
import { mostCharacters } from './message.js';
import { nameOf } from './names.js';
import { PatternError, parsePattern } from './pattern.js';
import { type Expression, mostSteps, Program, ProgramTooLarge } from './program.js';
import { parseRegex, RegexError } from './regex.js';
import type { SlotKind } from './slots.js';

/** The keys of a trigger. */
export const triggerKeys = ['text', 'pattern', 'regex', 'if'] as const;

const longestAnswer = 4000;

export class RuleReader {
  constructor(
    private readonly yaml: YamlFile,
    readonly kinds: ReadonlyMap<string, SlotKind>,
    private readonly facts: ReadonlySet<string>,
    private readonly findings: Finding[],
  ) {}

  rule(key: Node, node: YamlNode): Rule {
    const name = nameOf(this.yaml, key, 'a rule');
    const written = this.yaml.fields(node, [...triggerKeys, 'answer']);
    const before = this.findings.length;
    const trigger = this.trigger(name, key, written);
    const isEmpty = trigger.texts.length === 0 && trigger.matchers.length === 0;
    // What was refused is reported already.
    if (isEmpty && this.findings.length === before)
      this.error(
        key,
        `is the rule ${quoted(name)} without ${quoted('text')}, ${quoted('pattern')} or ${quoted('regex')}, so nothing starts it; add one`,
      );
    if (written.answer === undefined)
      this.error(key, `is the rule ${quoted(name)} without ${quoted('answer')}; add one`);
    return { ...trigger, kind: 'rule', answers: this.answers(written.answer) };
  }

  trigger(
    name: string,
    key: Node,
    written: Partial<Record<(typeof triggerKeys)[number], YamlNode>>,
  ): Trigger {
    return {
      name,
      place: this.yaml.place(key),
      texts: this.each(written.text, (node) => this.exact(node)),
      matchers: [
        ...this.each(written.pattern, (node) => this.pattern(node)),
        ...this.each(written.regex, (node) => this.regexMatcher(node)),
      ],
      conditions: this.each(written.if, (node) => this.condition(node)),
    };
  }

  private each<Read>(node: YamlNode, read: (node: YamlNode) => Read | null): Read[] {
    if (node === undefined) return [];
    return this.yaml.oneOrMore(node).flatMap((one) => {
      const found = read(one);
      return found === null ? [] : [found];
    });
  }

  error(node: YamlNode, message: string): void {
    this.findings.push({ severity: 'error', place: this.yaml.place(node), message });
  }

  private exact(node: YamlNode): ExactText | null {
    const text = this.yaml.filled(node);
    const normal = normalize(text);
    if (text.length <= mostCharacters && normal !== '') return { text, normal, place: this.yaml.place(node) };
    this.error(
      node,
      `has a text that no message can be: ${quoted(text)}; write words, at most ${mostCharacters} characters`,
    );
    return null;
  }

  private pattern(node: YamlNode): Matcher | null {
    const text = this.yaml.filled(node);
    try {
      const pattern = parsePattern(text, this.kinds);
      const program = this.program(node, pattern.expression, false);
      return program && { kind: 'pattern', pattern, program, place: this.yaml.place(node) };
    } catch (thrown) {
      if (thrown instanceof PatternError) this.error(node, thrown.message);
      else throw thrown;
      return null;
    }
  }

  private regexMatcher(node: YamlNode): Matcher | null {
    const source = this.yaml.filled(node);
    const read = this.regex(node, source, true);
    return read && { kind: 'regex', source, ...read, place: this.yaml.place(node) };
  }

  /** @param search whether it may match a part of the text. */
  regex(
    node: YamlNode,
    source: string,
    search: boolean,
  ): { readonly program: Program; readonly names: ReadonlySet<string> } | null {
    try {
      const { expression, names } = parseRegex(source);
      const program = this.program(node, expression, search);
      return program && { program, names };
    } catch (thrown) {
      if (thrown instanceof RegexError) this.error(node, thrown.message);
      else throw thrown;
      return null;
    }
  }

  private program(node: YamlNode, expression: Expression, search: boolean): Program | null {
    try {
      return new Program(expression, search);
    } catch (thrown) {
      if (!(thrown instanceof ProgramTooLarge)) throw thrown;
      this.error(
        node,
        `has an expression of more than ${mostSteps} steps; use fewer repetitions or alternatives`,
      );
      return null;
    }
  }

  private condition(node: YamlNode): Condition {
    const written = this.yaml.filled(node);
    const match = /^(?:(not) )?(\S+)(?: is (not )?(.+))?$/u.exec(written) ?? undefined;
    const [, negated, fact = '', isNot, value] = match ?? [];
    if (!match || (negated && value !== undefined))
      throw this.yaml.wrong(
        node,
        `has the condition ${quoted(written)}; write a fact, such as ${quoted('name')}, ${quoted('not name')}, ${quoted('plan is gold')} or ${quoted('plan is not gold')}`,
      );
    if (!this.facts.has(fact)) throw this.yaml.wrong(node, this.unknownFact(fact));
    return {
      fact,
      value: value === undefined ? null : normalize(value),
      not: negated !== undefined || isNot !== undefined,
    };
  }

  private unknownFact(fact: string): string {
    const near = nearest(fact, this.facts);
    const advice = near ? `did you mean ${quoted(near)}?` : `add it to the list ${quoted('facts')}`;
    return `asks for the unknown fact ${quoted(fact)}; ${advice}`;
  }

  /** One text or several, for all languages or by language. Missing: none. */
  answers(node: YamlNode): Answers {
    if (node === undefined) return { en: [], zh: [] };
    if (!isMap(node)) {
      const all = this.texts(node);
      return { en: all, zh: all };
    }
    const { en, zh } = this.yaml.fields(node, ['en', 'zh']);
    const [english, chinese] = [this.texts(en), this.texts(zh)];
    if (english.length + chinese.length === 0)
      throw this.yaml.wrong(node, `has no text; write ${quoted('en: ...')} or ${quoted('zh: ...')}`);
    return { en: english.length > 0 ? english : chinese, zh: chinese.length > 0 ? chinese : english };
  }

  private texts(node: YamlNode): readonly WrittenAnswer[] {
    return node === undefined ? [] : this.yaml.oneOrMore(node).map((item) => this.answer(item));
  }

  private answer(node: YamlNode): WrittenAnswer {
    const written = this.yaml.filled(node);
    if (written.length > longestAnswer)
      throw this.yaml.wrong(
        node,
        `is an answer of ${written.length} characters, but there can be ${longestAnswer}`,
      );
    return { text: this.answerText(node, written), written, place: this.yaml.place(node) };
  }

  private answerText(node: YamlNode, written: string): AnswerText {
    try {
      return parseAnswer(written);
    } catch (thrown) {
      throw thrown instanceof AnswerTextError ? this.yaml.wrong(node, thrown.message) : thrown;
    }
  }
}
