import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../generate/settings.js';
import { entriesOf, flagOf, isPositional, kebab } from '../option-spec.js';
import { chatOptions } from './chat-options.js';
import { generationSettings } from './chat-settings.js';
import { completeOptions } from './schema.js';

test('no two options share a flag or an alias', () => {
  const names = entriesOf(chatOptions).flatMap(([key, spec]) => [
    kebab(key),
    ...(spec.alias ? [spec.alias] : []),
  ]);
  assert.equal(new Set(names).size, names.length);
});

test('every default is a value that the schema takes', () => {
  const completed: Record<string, unknown> = { ...completeOptions(chatOptions, []) };
  for (const [key, spec] of entriesOf(chatOptions)) assert.deepEqual(completed[key], spec.default, key);
});

test('without options the settings are the defaults of generation', () => {
  assert.deepEqual(generationSettings(completeOptions(chatOptions, [])), defaultSettings);
});

test('what chatbot-train has too is called the same and means the same', async () => {
  const { trainOptions } = await import('./train-options.js');
  for (const key of ['device', 'threads'] as const)
    assert.equal(chatOptions[key].group, trainOptions[key].group);
  assert.equal(chatOptions.seed.default, trainOptions.seed.default);
});

test('an option that is null says in words what that comes to', () => {
  for (const [key, spec] of entriesOf(chatOptions)) if (spec.default === null) assert.ok(spec.unset, key);
});

test('help is at most 160 characters of whole sentences', () => {
  for (const [key, spec] of entriesOf(chatOptions)) {
    assert.match(spec.help, /^[A-Z].*\.$/, key);
    assert.ok(spec.help.length <= 160, key);
  }
});

test('only the model is a word of its own, and it stands first', () => {
  const words = entriesOf(chatOptions).filter(([, spec]) => isPositional(spec));
  assert.deepEqual(
    words.map(([key]) => key),
    ['model'],
  );
  assert.equal(flagOf(chatOptions, 'model'), 'model');
  assert.equal(flagOf(chatOptions, 'history'), '--no-history');
});
