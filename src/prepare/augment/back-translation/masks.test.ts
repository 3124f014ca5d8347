import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { masked } from './masks.js';

describe('what a translator must not touch', () => {
  for (const [text, expected] of [
    ['Write to [EMAIL_1] or [PHONE]', 'Write to [0] or [1]'],
    ['see https://shop.example/a?b=1, please', 'see [0] please'],
    ['订单在 https://shop.example/a。谢谢', '订单在 [0]。谢谢'],
    ['mail ann@shop.example now', 'mail [0] now'],
    ['Dear {name}, <b>you</b> owe %(sum)s or %d', 'Dear [0], [1]you[2] owe [3] or [4]'],
    ['thanks 🙂👍🏽 @ann #sale', 'thanks [0] [1] [2]'],
    ['item [0] and ［1］ stay', 'item [0] and [1] stay'],
    ['3 of 5 cost $12.50', '3 of 5 cost $12.50'],
  ] as const)
    it(`is hidden in ${text}`, () => {
      const hidden = masked(text, []);
      assert.equal(hidden.text, expected);
      assert.equal(hidden.restore(hidden.text), text);
    });

  it('is also the names of the speakers, and their parts', () => {
    const hidden = masked('Hi Ann Miller, tell 王小明 that Miller called. Annual!', ['Ann Miller', '王小明']);
    assert.equal(hidden.text, 'Hi [0], tell [1] that [2] called. Annual!');
    assert.equal(hidden.restore('[1] [0] [2]'), '王小明 Ann Miller Miller');
  });
});

describe('a translation', () => {
  const { restore } = masked('Write [EMAIL] to [NAME]', []);

  it('may move masks and write other brackets', () => {
    assert.equal(restore('给［1］写【 0 】'), '给[NAME]写[EMAIL]');
  });

  for (const wrong of [
    'Write [0]',
    'Write [0] to [1] and [1]',
    'Write [0] to [1] and [2]',
    '',
    'Write 0 to 1',
  ])
    it(`is refused if masks are lost, doubled or invented: ${wrong}`, () =>
      assert.equal(restore(wrong), null));
});

it('leaves a text without words alone', () => {
  for (const text of ['12:30', '🙂', '[EMAIL]', 'https://shop.example'])
    assert.equal(masked(text, []).hasWords, false, text);
});

it('gives every text back that comes back as it was', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('[0]', '[1]', '【2】', '[EMAIL]', '<b>', '{x}', '你好', '🙂', 'Ann'),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = parts.join(' ');
      const hidden = masked(text, ['Ann']);
      assert.equal(hidden.restore(hidden.text), text);
    }),
  );
});
