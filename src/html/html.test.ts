import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { html } from './html.js';

fc.configureGlobal({ seed: 1 });

describe('html', () => {
  it('escapes what is put into it, but not HTML of its own', () => {
    const inner = html`<b>${'<script>"&\''}</b>`;
    assert.equal(
      html`<p>${inner}${[inner, inner]}${null}${7}</p>`.text.replaceAll(inner.text, 'x'),
      '<p>xxx7</p>',
    );
    assert.equal(inner.text, '<b>&lt;script&gt;&quot;&amp;&#39;</b>');
  });

  it('shows control characters, and keeps line breaks and tabs', () => {
    assert.equal(html`${'a\0b\x1b[31m\u0085\n\tc'}`.text, 'a\ufffdb\ufffd[31m\ufffd\n\tc');
  });

  it('lets no text out of its element or attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        assert.match(html`${text}`.text, /^[^<>"']*$/);
      }),
    );
  });
});
