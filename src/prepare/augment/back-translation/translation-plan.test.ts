import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../errors.js';
import type { TranslationOptions } from './translation-options.js';
import { backTranslationPlan } from './translation-plan.js';

const none: TranslationOptions = {
  backTranslate: null,
  translateCommand: null,
  translateBackCommand: null,
  translateUrl: null,
  translateKeyVariable: null,
  translateModel: null,
  translateBackModel: null,
  translateTimeout: 300,
};
const plan = (options: Partial<TranslationOptions>, environment = {}) =>
  backTranslationPlan({ ...none, ...options }, environment);
const backTranslate = 'en-es';

describe('options of back-translation', () => {
  it('ask for nothing by default', () => assert.equal(plan({}), null));

  it('name a command for each direction', () => {
    const { directions, translator } =
      plan({
        backTranslate,
        translateCommand: 'apertium eng-spa',
        translateBackCommand: 'apertium spa-eng',
      }) ?? {};
    assert.deepEqual(directions, { there: { from: 'en', to: 'es' }, back: { from: 'es', to: 'en' } });
    assert.deepEqual(translator, {
      kind: 'command',
      words: { there: ['apertium', 'eng-spa'], back: ['apertium', 'spa-eng'] },
    });
  });

  it('name one command for both directions', () => {
    assert.deepEqual(
      plan({ backTranslate: 'eng-spa', translateCommand: 'apertium {from}-{to}' })?.translator,
      {
        kind: 'command',
        words: { there: ['apertium', 'eng-spa'], back: ['apertium', 'spa-eng'] },
      },
    );
  });

  it('name a server, its model and the variable of its key', () => {
    const translator = plan(
      {
        backTranslate,
        translateUrl: 'https://translate.example/v1',
        translateModel: 'large',
        translateKeyVariable: 'SOME_KEY',
      },
      { SOME_KEY: ' sk-1\n' },
    )?.translator;
    assert.deepEqual(translator, {
      kind: 'endpoint',
      url: new URL('https://translate.example/v1'),
      model: 'large',
      key: 'sk-1',
    });
  });

  it('name models, or one that may be able to do both', () => {
    const modelOf = (options: Partial<TranslationOptions>) => plan({ backTranslate, ...options })?.translator;
    assert.deepEqual(modelOf({ translateModel: 'Xenova/opus-mt-{from}-{to}' }), {
      kind: 'model',
      there: 'Xenova/opus-mt-en-es',
      back: 'Xenova/opus-mt-es-en',
    });
    assert.deepEqual(modelOf({ translateModel: 'a', translateBackModel: 'b' }), {
      kind: 'model',
      there: 'a',
      back: 'b',
    });
    assert.deepEqual(modelOf({ translateModel: 'a' }), { kind: 'model', there: 'a', back: null });
  });
});

describe('options that cannot work together', () => {
  const command = { backTranslate, translateCommand: 'a {from} {to}' };
  const url = { backTranslate, translateUrl: 'http://localhost:1/v1', translateModel: 'm' };
  for (const [name, options, code, pattern] of [
    [
      'no translator',
      { backTranslate },
      'options-conflict',
      /needs a translator; add translateCommand, translateUrl/,
    ],
    [
      'a translator without languages',
      { translateCommand: 'a' },
      'options-conflict',
      /without backTranslate; add it/,
    ],
    [
      'a way back alone',
      { backTranslate, translateBackCommand: 'a' },
      'options-conflict',
      /without translateCommand/,
    ],
    [
      'a key without a server',
      { ...command, translateKeyVariable: 'K' },
      'options-conflict',
      /without translateUrl/,
    ],
    [
      'two translators',
      { ...command, translateModel: 'm' },
      'options-conflict',
      /name two translators; keep one/,
    ],
    ['a command and a server', { ...url, translateCommand: 'a' }, 'options-conflict', /name two translators/],
    [
      'no way back',
      { backTranslate, translateCommand: 'a' },
      'options-conflict',
      /one way only; add translateBack/,
    ],
    [
      'a way back too many',
      { ...command, translateBackCommand: 'b' },
      'options-conflict',
      /name both ways already/,
    ],
    [
      'a way back of a server',
      { ...url, translateBackModel: 'b' },
      'options-conflict',
      /translates both ways/,
    ],
    ['a server without a model', { ...url, translateModel: null }, 'options-conflict', /add translateModel/],
    [
      'one language',
      { backTranslate: 'en-en', translateCommand: 'a' },
      'option-invalid',
      /names the same language twice/,
    ],
    ['no address', { ...url, translateUrl: 'localhost' }, 'option-invalid', /is not the address of a server/],
    [
      'a password',
      { ...url, translateUrl: 'https://a:secret@b.example' },
      'option-invalid',
      /has a password in it/,
    ],
    [
      'a key that is not set',
      { ...url, translateKeyVariable: 'K' },
      'option-invalid',
      /names K, which is not set/,
    ],
    [
      'a damaged key',
      { ...url, translateKeyVariable: 'BAD' },
      'option-invalid',
      /has characters that no key has/,
    ],
    ['a shell', { ...command, translateCommand: 'a {from} {to} | b' }, 'option-invalid', /only a shell/],
  ] as const)
    it(`are refused: ${name}`, () => {
      assert.throws(
        () => plan(options, { BAD: 'secret key' }),
        (thrown) => {
          assert.ok(thrown instanceof UserError);
          assert.equal(thrown.code, code);
          assert.match(thrown.message, pattern);
          assert.doesNotMatch(thrown.message, /secret/);
          return true;
        },
      );
    });
});
