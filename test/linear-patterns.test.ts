// No regular expression that sees a stranger's text takes more than linear time: neither those of readers, rules and
// recognizers that are written down, nor those that they put together. The check counts no time: it compares what quantifiers
// can take (scslre). Runs in its own process, which has not loaded the modules whose patterns it notes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { faultsOf, literalsBelow, patternsMade } from './patterns.js';
import { repositoryRoot } from './repository.js';

const compiled = (room: string) => join(repositoryRoot, 'dist/src', room);

describe('the check of patterns', () => {
  const planted: readonly (readonly [source: string, fault: RegExp])[] = [
    ['(a+)+$', /exponential/],
    ['^(?:a|aa)+$', /begin with the same character/],
    ['\\s+$', /begins again at each character/],
    ['^\\s*\\s*$', /take the same characters/],
    ['x\\w*\\d*y', /take the same characters/],
  ];
  for (const [source, fault] of planted)
    it(`finds the fault of /${source}/`, () => assert.match(faultsOf({ source, flags: '' }).join(), fault));

  it('passes patterns that are linear', () => {
    for (const source of ['^\\s+', '(?<!\\s)\\s+$', 'a{1,50}$', '(?:ab)+c|^x*y'])
      assert.deepEqual(faultsOf({ source, flags: '' }), [], source);
  });
});

for (const [room, fewest] of [
  ['prepare', 150],
  ['corpus', 150],
  ['bots', 50],
  ['serve', 5],
] as const)
  it(`src/${room}/ has only linear patterns`, () => {
    const literals = literalsBelow(compiled(room));
    assert.ok([...literals.values()].flat().length > fewest);
    const faults = [...literals].flatMap(([file, patterns]) =>
      patterns.flatMap(faultsOf).map((fault) => `${file}: ${fault}`),
    );
    assert.deepEqual(faults, []);
  });

it('rules and recognizers put together only linear patterns', async () => {
  const made = await patternsMade(async () => {
    const { allRules } = await import('../src/prepare/rules.js');
    const { recognizers } = await import('../src/prepare/sensitive/recognizers.js');
    const { startRecognizer } = await import('../src/prepare/sensitive/recognizer.js');
    for (const { options, start } of allRules)
      await start(
        Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, spec.default])) as never,
      );
    await import('../src/bots/memory/fact-patterns.js');
    for (const one of recognizers) await startRecognizer(one, { phoneRegions: ['US', 'CN'] });
  });
  assert.ok(made.length > 10);
  assert.deepEqual(made.flatMap(faultsOf), []);
});

it('a long list of numbers is searched for phone numbers at few places, and one in it is found', async () => {
  const { findPersonal } = await import('../src/prepare/sensitive/find.js');
  const { startRecognizer } = await import('../src/prepare/sensitive/recognizer.js');
  const { phone } = await import('../src/prepare/sensitive/recognizers/phone.js');
  const started = await startRecognizer(phone, { phoneRegions: ['US', 'CN'] });
  let searches = 0;
  const forms = started.forms.map((form) => {
    const { parts } = form;
    if (parts === undefined) return form;
    const counted = (value: string) => {
      searches++;
      return parts(value);
    };
    return { ...form, parts: counted };
  });
  for (const group of ['212 ', '(212) ', '212736 ']) {
    const text = `${group.repeat(2000)}, 13812345678, or call 212 736 5000`;
    searches = 0;
    const found = findPersonal(text, [{ ...started, forms }]).map(({ value }) => value);
    assert.deepEqual(found, ['13812345678', '212 736 5000']);
    assert.ok(searches < 2 * (50 + text.length / 50), `${searches} searches of ${text.length} characters`);
  }
});
