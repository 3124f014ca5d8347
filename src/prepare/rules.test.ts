// What holds for every cleaning rule: it does what its examples say, doing it twice changes nothing more, and it never throws.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Dialogue } from '../corpus/dialogue.js';
import { kebab, type ValuesOf } from '../option-spec.js';
import { applyRules } from './apply-rules.js';
import type { Judge, Rule } from './rule.js';
import { corpusRules, dialogueRules, ruleOptions, switchOf } from './rules.js';

const rules: readonly Rule[] = [...dialogueRules, ...corpusRules];

function defaultsOf({ options }: Rule): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, spec.default]));
}

function dialogueOf(texts: readonly string[]): Dialogue {
  return { turns: texts.map((text) => ({ text, supervised: true })), source: 'chats.txt:1' };
}

/** The rule's judgement on a corpus of only this dialogue. */
async function judgeOf(rule: Rule, dialogue: Dialogue, values = defaultsOf(rule)): Promise<Judge> {
  const started = await rule.start(values as ValuesOf<typeof rule.options>);
  if (typeof started === 'function') return started;
  started.see(dialogue);
  return (one) => started.judge(one);
}

const textsOf = (dialogues: readonly Dialogue[]) =>
  dialogues.map(({ turns }) => turns.map(({ text }) => text));

/** The texts of what is left of a dialogue. */
async function after(rule: Rule, texts: readonly string[], values?: Record<string, unknown>) {
  const dialogue = dialogueOf(texts);
  const judge = await judgeOf(rule, dialogue, values);
  const outcome = applyRules([{ name: rule.name, judge }], dialogue, () => {});
  return outcome.kind === 'kept' ? textsOf(outcome.dialogues) : [];
}

describe('the table of rules', () => {
  it('names every file in rules/', () => {
    const files = readdirSync(new URL('./rules', import.meta.url))
      .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'))
      .map((name) => name.slice(0, -3));
    assert.deepEqual(files.sort(), rules.map(({ name }) => name).sort());
  });

  it('gives each option one meaning', () => {
    const keys = rules.flatMap((rule) => [switchOf(rule), ...Object.keys(rule.options)]);
    assert.equal(new Set(keys).size, keys.length);
    assert.deepEqual(Object.keys(ruleOptions).sort(), keys.sort());
    for (const rule of rules) assert.equal(kebab(switchOf(rule)), rule.name);
  });
});

for (const rule of rules)
  describe(`the rule ${rule.name}`, () => {
    it('does what its examples say', async () => {
      assert.ok(rule.examples.length > 0);
      for (const { before, after: expected, options } of rule.examples) {
        const left = await after(rule, before, { ...defaultsOf(rule), ...options });
        assert.deepEqual(left, expected === null ? [] : [expected]);
      }
    });

    it('changes nothing more when it runs again', async () => {
      const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), {
        minLength: 2,
        maxLength: 5,
      });
      await fc.assert(
        fc.asyncProperty(texts, async (before) => {
          for (const once of await after(rule, before)) assert.deepEqual(await after(rule, once), [once]);
        }),
        { numRuns: 50, seed: 1 },
      );
    });
  });
