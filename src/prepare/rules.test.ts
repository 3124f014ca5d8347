// What holds for every cleaning rule: it does what its examples say, doing it twice changes nothing more, and it never throws.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Dialogue } from '../corpus/dialogue.js';
import { kebab, type ValuesOf } from '../option-spec.js';
import { applyRules } from './apply-rules.js';
import { repairDialogue } from './repair-texts.js';
import { type CorpusRule, type DialogueRule, type Judge, keep, type Rule, type TextRepair } from './rule.js';
import { allRules, corpusRules, dialogueRules, ruleOptions, switchOf, textRepairs } from './rules.js';

type Values = Record<string, unknown>;

function defaultsOf({ options }: Rule): Values {
  return Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, spec.default]));
}

function dialogueOf(texts: readonly string[]): Dialogue {
  return { turns: texts.map((text) => ({ text, supervised: true })), source: 'chats.txt:1' };
}

/** Gives what is left of a dialogue that is the whole corpus. */
type Start = (values: Values) => Promise<(dialogue: Dialogue) => Promise<readonly Dialogue[]>>;

function judged({ name }: Rule, judge: Judge, dialogue: Dialogue): readonly Dialogue[] {
  const outcome = applyRules([{ name, judge }], dialogue, () => {});
  return outcome.kind === 'kept' ? outcome.dialogues : [];
}

function repairing(rule: TextRepair): Start {
  return async (values) => {
    const repair = await rule.start(values as ValuesOf<typeof rule.options>);
    return async (dialogue) => [
      repairDialogue([{ name: rule.name, repair }], dialogue).at(-1)?.after ?? dialogue,
    ];
  };
}

function judging(rule: DialogueRule): Start {
  return async (values) => {
    const judge = await rule.start(values as ValuesOf<typeof rule.options>);
    return async (dialogue) => judged(rule, judge, dialogue);
  };
}

function surveying(rule: CorpusRule): Start {
  return async (values) => async (dialogue) => {
    const survey = await rule.start(values as ValuesOf<typeof rule.options>);
    survey?.see(dialogue);
    survey?.seeAgain?.(dialogue);
    return judged(rule, survey ? (one) => survey.judge(one) : () => keep, dialogue);
  };
}

const tested: readonly (readonly [Rule, Start])[] = [
  ...textRepairs.map((rule) => [rule, repairing(rule)] as const),
  ...dialogueRules.map((rule) => [rule, judging(rule)] as const),
  ...corpusRules.map((rule) => [rule, surveying(rule)] as const),
];

const textsOf = (dialogues: readonly Dialogue[]) =>
  dialogues.map(({ turns }) => turns.map(({ text }) => text));

describe('the table of rules', () => {
  it('names every file in rules/', () => {
    const files = readdirSync(new URL('./rules', import.meta.url))
      .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'))
      .map((name) => name.slice(0, -3));
    assert.deepEqual(files.sort(), allRules.map(({ name }) => name).sort());
  });

  it('gives each option one meaning', () => {
    const keys = allRules.flatMap((rule) => [switchOf(rule), ...Object.keys(rule.options)]);
    assert.equal(new Set(keys).size, keys.length);
    assert.deepEqual(Object.keys(ruleOptions).sort(), keys.sort());
    for (const rule of allRules) assert.equal(kebab(switchOf(rule)), rule.name);
  });
});

for (const [rule, start] of tested)
  describe(`the rule ${rule.name}`, () => {
    it('does what its examples say', async () => {
      assert.ok(rule.examples.length > 0);
      for (const { before, after: expected, options } of rule.examples) {
        const apply = await start({ ...defaultsOf(rule), ...options });
        assert.deepEqual(textsOf(await apply(dialogueOf(before))), expected === null ? [] : [expected]);
      }
    });

    it('changes nothing more when it runs again', async () => {
      const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), {
        minLength: 2,
        maxLength: 5,
      });
      const apply = await start(defaultsOf(rule));
      await fc.assert(
        fc.asyncProperty(texts, async (before) => {
          for (const once of textsOf(await apply(dialogueOf(before))))
            assert.deepEqual(textsOf(await apply(dialogueOf(once))), [once]);
        }),
        { numRuns: 50, seed: 1 },
      );
    });
  });
