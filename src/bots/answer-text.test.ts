// Answers that people write: values are copied and never read as a template, and answers are not repeated.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAnswer, fillAnswer, parseAnswer } from './answer-text.js';
import { languageOf } from './language.js';

const filled = (text: string, values: Record<string, string>) =>
  fillAnswer(parseAnswer(text), new Map(Object.entries(values)));

describe('answers', () => {
  it('have values and braces', () => {
    assert.equal(filled('{name}, {{x}} {城市}', { name: 'Ann', 城市: '北京' }), 'Ann, {x} 北京');
  });

  it('copy what a user wrote, whatever it looks like', () => {
    const hostile = '{name} {{ $& <%= x %> \\1';
    assert.equal(filled('<{x}>', { x: hostile, name: 'no' }), `<${hostile}>`);
  });

  it('are not given without one of their values', () => {
    assert.equal(filled('Hello {name}', { nam: 'Ann' }), null);
    assert.equal(filled('Hello {constructor}', {}), null);
  });

  it('shorten a value of any length', () => {
    assert.ok((filled('{x}', { x: '😀'.repeat(100_000) }) ?? '').length <= 500);
  });

  it('refuse braces that name no value', () => {
    for (const text of ['a } b', '{a b}', '{', '{}', `{${'x'.repeat(61)}}`])
      assert.throws(() => parseAnswer(text), { message: /single|names no value/ }, text);
  });
});

describe('the choice of an answer', () => {
  const answers = ['a', 'b', 'c'];

  it('repeats none until all were given', () => {
    const turns: string[] = [];
    for (let at = 0; at < 3; at++) turns.push('hi', chooseAnswer(answers, 1, [...turns, 'hi'], 10) ?? '');
    assert.deepEqual(turns.filter((turn) => turn !== 'hi').sort(), answers);
    assert.ok(answers.includes(chooseAnswer(answers, 1, [...turns, 'hi'], 10) ?? ''));
  });

  it('is the same for the same seed', () => {
    const chosen = (seed: number) => chooseAnswer(answers, seed, ['hi'], 10);
    assert.equal(chosen(5), chosen(5));
    assert.ok(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(chosen)).size > 1);
    assert.equal(chooseAnswer([], 1, ['hi'], 10), null);
  });
});

it('tells Chinese messages from others', () => {
  const chinese = ['你好', '我的iPhone坏了', '三加五'];
  for (const text of chinese) assert.equal(languageOf(text), 'zh', text);
  for (const text of ['hello', '', '3+5', 'I live in 北 京 with you', 'Straße'])
    assert.equal(languageOf(text), 'en', text);
});
