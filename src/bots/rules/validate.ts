// Looks for mistakes in a bot file that no single line shows: rules that contradict each other or are never reached, slots
// that no answer uses, answers that can never be given. It knows no conversations.

import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import type { Answers, BotFile, Condition, Finding, Form, Matcher, Rule, WrittenAnswer } from './bot-file.js';
import { readMessage } from './message.js';
import { type Budget, BudgetSpent } from './program.js';
import { exampleMoment } from './skills/skill.js';
import { type Found, TriggerIndex } from './trigger-index.js';

/** All findings: errors, and what comparing rules shows. In the order of their lines. */
export function validateBotFile(file: BotFile): readonly Finding[] {
  return inOrder([...valuesIn(file), ...sameMessages(file), ...examplesOf(file), ...unusedLists(file)]);
}

/** What keeps a bot from starting. */
export function errorsIn(file: BotFile): readonly Finding[] {
  return inOrder(valuesIn(file).filter(({ severity }) => severity === 'error'));
}

function valuesIn(file: BotFile): readonly Finding[] {
  const ofTriggers = file.triggers.flatMap((trigger) =>
    trigger.kind === 'rule' ? valuesOfRule(trigger, file) : valuesOfForm(trigger, file),
  );
  return [...file.findings, ...sameNames(file), ...ofTriggers];
}

/** By line, each once: an answer for all languages would be named for each. */
function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const once = new Map(findings.map((finding) => [`${finding.place} ${finding.message}`, finding]));
  return [...once.values()].sort((one, other) => lineOf(one.place) - lineOf(other.place));
}

const lineOf = (place: string) => Number(/:(\d+)$/.exec(place)?.[1] ?? 0);

const error = (place: string, message: string): Finding => ({ severity: 'error', place, message });
const warning = (place: string, message: string): Finding => ({ severity: 'warning', place, message });

/** The source of an answer is the name of its rule or form. */
function sameNames({ triggers }: BotFile): Finding[] {
  const places = new Map<string, string>();
  return triggers.flatMap(({ name, place }) => {
    const first = places.get(name);
    if (first === undefined) places.set(name, place);
    return first === undefined
      ? []
      : [error(place, `has the name ${quoted(name)}, which ${first} has too; rename one`)];
  });
}

/** A trigger with a message, and where the message stands. */
interface Use {
  readonly trigger: Rule | Form;
  readonly place: string;
}

/** Texts and patterns that an earlier trigger takes first, because it always answers or has the same conditions. */
function sameMessages({ triggers, facts }: BotFile): Finding[] {
  const known = new Map<string, Use[]>();
  const findings: Finding[] = [];
  const compare = (use: Use, key: string, what: string) => {
    const before = known.get(key) ?? [];
    known.set(key, [...before, use]);
    const conditions = conditionsKey(use.trigger.conditions);
    const first = before.find(
      ({ trigger }) =>
        hasAnswer(trigger, facts) &&
        (trigger.conditions.length === 0 || conditionsKey(trigger.conditions) === conditions),
    );
    if (first) findings.push(warning(use.place, repeated(first, use, what)));
  };
  for (const trigger of triggers) {
    for (const { normal, text, place } of trigger.texts)
      compare({ trigger, place }, JSON.stringify(['text', normal]), `the text ${quoted(text)}`);
    for (const matcher of trigger.matchers) {
      const isPattern = matcher.kind === 'pattern';
      const key = isPattern ? matcher.pattern.canonical : matcher.source;
      const what = isPattern ? 'the same pattern' : 'the same regular expression';
      compare({ trigger, place: matcher.place }, JSON.stringify([matcher.kind, key]), what);
    }
  }
  return findings;
}

function repeated(first: Use, second: Use, what: string): string {
  const has = `has ${what} as ${first.place}`;
  const [one, other] = [first.trigger, second.trigger];
  if (one === other) return `${has}; delete one`;
  if (one.kind === 'rule' && other.kind === 'rule' && sameAnswers(one.answers, other.answers))
    return `${has}, with the same answer; delete one`;
  const advice =
    other.conditions.length > one.conditions.length
      ? `move it before ${quoted(one.name)}`
      : 'keep one of the two, or give the first a condition';
  return `${has}, with another answer, so it is never used; ${advice}`;
}

function sameAnswers(one: Answers, other: Answers): boolean {
  const texts = (answers: Answers) =>
    JSON.stringify([answers.en, answers.zh].map((all) => all.map(({ written }) => written)));
  return texts(one) === texts(other);
}

function conditionsKey(conditions: readonly Condition[]): string {
  return JSON.stringify(conditions.map(({ fact, value, not }) => [fact, value, not]).sort());
}

/** Steps of programs to compare all patterns with examples; a file that needs more is compared in part. */
const stepsOfFile = 100_000_000;

/** What becomes of the examples of each pattern: an earlier trigger takes them all, or nothing answers one of them. */
function examplesOf(file: BotFile): Finding[] {
  const index = new TriggerIndex(file.triggers);
  const order = new Map(file.triggers.map((trigger, at) => [trigger, at] as const));
  const budget = { steps: stepsOfFile };
  const check = (trigger: Rule | Form, { place, pattern }: Matcher & { readonly kind: 'pattern' }) => {
    const examples = pattern.examples();
    const taken = examples.map((example) => {
      const found = matchesOf(example, index, budget);
      const isAnswered = found.some((one) => canAnswer(one, file.facts));
      return { example, isAnswered, first: found.find((one) => canAnswer(one, noFacts))?.trigger ?? null };
    });
    const [first] = taken.map((one) => one.first);
    const isBefore = (one: Rule | Form | null) =>
      one !== null && (order.get(one) ?? 0) < (order.get(trigger) ?? 0);
    if (first && taken.every((one) => isBefore(one.first)))
      return warning(
        place,
        `is never reached: ${first.place} takes such messages first, for example ${quoted(examples[0] ?? '')}; move it up, or delete it`,
      );
    const unanswered = taken.find(({ isAnswered }) => !isAnswered);
    return unanswered && hasAnswer(trigger, file.facts)
      ? warning(
          place,
          `takes ${quoted(unanswered.example)}, but no answer has all its values; add an answer with fewer slots`,
        )
      : null;
  };
  try {
    return file.triggers.flatMap((trigger) =>
      trigger.matchers.flatMap((matcher) =>
        matcher.kind === 'pattern' ? (check(trigger, matcher) ?? []) : [],
      ),
    );
  } catch (thrown) {
    if (!(thrown instanceof BudgetSpent)) throw thrown;
    return [];
  }
}

const noFacts: ReadonlySet<string> = new Set();

function matchesOf(example: string, index: TriggerIndex, budget: Budget): readonly Found[] {
  const message = readMessage(example);
  return message ? [...index.matches(message, exampleMoment, budget)] : [];
}

/** @param facts what may be known; without any, its conditions must not ask for one. */
function canAnswer({ trigger, values }: Found, facts: ReadonlySet<string>): boolean {
  if (facts.size === 0 && trigger.conditions.length > 0) return false;
  if (trigger.kind === 'form') return true;
  return everyLanguage(trigger.answers, ({ text }) =>
    [...text.values].every((name) => values.has(name) || facts.has(name)),
  );
}

/** Whether it has something to say whenever its conditions hold: one of its answers needs no other fact. */
function hasAnswer(trigger: Rule | Form, facts: ReadonlySet<string>): boolean {
  if (trigger.kind === 'form') return true;
  const known = new Set(trigger.conditions.flatMap(({ fact, not }) => (not ? [] : [fact])));
  return everyLanguage(trigger.answers, ({ text }) =>
    [...text.values].every((name) => !facts.has(name) || known.has(name)),
  );
}

function everyLanguage(answers: Answers, isSo: (answer: WrittenAnswer) => boolean): boolean {
  return answers.en.some(isSo) && answers.zh.some(isSo);
}

function allAnswers(...answers: readonly (Answers | null)[]): readonly WrittenAnswer[] {
  return [...new Set(answers.flatMap((one) => (one ? [...one.en, ...one.zh] : [])))];
}

/** Slots and named groups by the matcher that has them; texts have none. */
function slotsOf(
  trigger: Rule | Form,
): readonly { readonly place: string; readonly names: ReadonlySet<string> }[] {
  return [
    ...trigger.texts.map(({ place }) => ({ place, names: new Set<string>() })),
    ...trigger.matchers.map((matcher) => ({
      place: matcher.place,
      names: matcher.kind === 'pattern' ? new Set(matcher.pattern.slots.keys()) : matcher.names,
    })),
  ];
}

function valuesOfRule(rule: Rule, { facts }: BotFile): Finding[] {
  const slots = slotsOf(rule);
  const known = new Set(slots.flatMap(({ names }) => [...names]));
  const answers = allAnswers(rule.answers);
  const findings = unknownValues(answers, known, facts);
  const used = new Set(answers.flatMap(({ text }) => [...text.values]));
  for (const { place, names } of slots) {
    for (const name of names)
      if (!used.has(name))
        findings.push(
          warning(
            place,
            `has the slot ${quoted(name)}, which no answer uses; use it, or call it _ as in {_:kind}`,
          ),
        );
    const isGiven = (answer: WrittenAnswer) =>
      [...answer.text.values].every((name) => names.has(name) || facts.has(name));
    const hasUnknown = findings.some(({ severity }) => severity === 'error');
    if (answers.length > 0 && !hasUnknown && !everyLanguage(rule.answers, isGiven))
      findings.push(error(place, 'has none of the slots that the answers use; add an answer without them'));
  }
  return findings;
}

function unknownValues(
  answers: readonly WrittenAnswer[],
  known: ReadonlySet<string>,
  facts: ReadonlySet<string>,
): Finding[] {
  return answers.flatMap(({ text, place }) =>
    [...text.values]
      .filter((name) => !known.has(name) && !facts.has(name))
      .map((name) => {
        const near = nearest(name, [...known, ...facts]);
        const advice = near
          ? `did you mean {${near}}?`
          : `add it to the patterns, or to the list ${quoted('facts')}`;
        return error(place, `uses the unknown slot ${quoted(name)}; ${advice}`);
      }),
  );
}

function valuesOfForm(form: Form, { facts }: BotFile): Finding[] {
  const own = new Set(form.slots.map(({ name }) => name));
  const findings: Finding[] = [];
  const before = new Set<string>();
  for (const { name, place, ask, hint } of form.slots) {
    for (const texts of [ask, hint]) findings.push(...unknownValues(allAnswers(texts), before, facts));
    findings.push(...withoutFacts(ask, before, facts, place, `the question for ${quoted(name)}`));
    before.add(name);
  }
  for (const texts of [form.confirm, form.answers])
    findings.push(...unknownValues(allAnswers(texts), own, facts));
  if (allAnswers(form.answers).length > 0)
    findings.push(
      ...withoutFacts(form.answers, own, facts, form.place, `the answer of the form ${quoted(form.name)}`),
    );
  if (form.confirm)
    findings.push(
      ...withoutFacts(form.confirm, own, facts, form.place, `the confirmation of ${quoted(form.name)}`),
    );
  const used = new Set(
    allAnswers(form.answers, form.confirm, ...form.slots.map(({ ask }) => ask)).flatMap(({ text }) => [
      ...text.values,
    ]),
  );
  for (const { name, place } of form.slots)
    if (!used.has(name))
      findings.push(
        warning(
          place,
          `is the slot ${quoted(name)}, which neither the answer nor a question uses; use it, or delete it`,
        ),
      );
  return [...findings, ...startOfForm(form, own)];
}

/** A form must have something to say to a user that it knows nothing about. */
function withoutFacts(
  answers: Answers,
  slots: ReadonlySet<string>,
  facts: ReadonlySet<string>,
  place: string,
  what: string,
): Finding[] {
  const isGiven = ({ text }: WrittenAnswer) => [...text.values].every((name) => slots.has(name));
  const uses = allAnswers(answers).flatMap(({ text }) =>
    [...text.values].filter((name) => !slots.has(name) && facts.has(name)),
  );
  if (uses.length === 0 || everyLanguage(answers, isGiven)) return [];
  return [error(place, `needs ${quoted(uses[0])} for ${what}, which may be unknown; add a text without it`)];
}

function startOfForm(form: Form, own: ReadonlySet<string>): Finding[] {
  if (form.texts.length === 0 && form.matchers.length === 0)
    return [
      warning(
        form.place,
        `is the form ${quoted(form.name)}, which nothing starts; add ${quoted('text')} or ${quoted('pattern')}`,
      ),
    ];
  return slotsOf(form).flatMap(({ place, names }) =>
    [...names]
      .filter((name) => !own.has(name))
      .map((name) => {
        const near = nearest(name, own);
        const advice = near ? `did you mean {${near}:...}?` : 'call it _ as in {_:kind}';
        return warning(place, `has the slot ${quoted(name)}, which the form does not have; ${advice}`);
      }),
  );
}

function unusedLists({ lists, triggers }: BotFile): Finding[] {
  const patterns = triggers
    .flatMap(({ matchers }) =>
      matchers.map((matcher) => (matcher.kind === 'pattern' ? matcher.pattern.canonical : '')),
    )
    .join('\n');
  const ofForms = new Set(
    triggers.flatMap((trigger) =>
      trigger.kind === 'form' ? trigger.slots.map(({ kind }) => kind.name) : [],
    ),
  );
  return [...lists]
    .filter(([name]) => !ofForms.has(name) && !patterns.includes(`{${name}}`))
    .map(([name, { place }]) =>
      warning(place, `has the list ${quoted(name)}, which no slot takes; use it, or delete it`),
    );
}
