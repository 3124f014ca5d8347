// For tests: what every embedder must do, whatever its vectors mean.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Embedder } from '../../src/bots/retrieval/meaning/embedder.js';

/** @param open an embedder that is usable; each test closes its own. */
export function describeEmbedder(
  name: string,
  open: () => Promise<Embedder>,
  { skip = false }: { readonly skip?: string | false } = {},
): void {
  const texts = ['do you deliver on sundays', '你们周日送货吗', 'a', 'where is my order, "please"?'];
  const { signal } = new AbortController();
  const using = async (use: (embedder: Embedder) => Promise<void>) => {
    const embedder = await open();
    try {
      await use(embedder);
    } finally {
      await embedder.close();
    }
  };
  const near = (one: Float32Array | undefined, other: Float32Array | undefined) =>
    assert.deepEqual(rounded(one), rounded(other));

  describe(name, () => {
    it('gives each text a vector of length 1, all of one width', { skip }, () =>
      using(async (embedder) => {
        const vectors = await embedder.embed(texts, signal);
        assert.equal(vectors.length, texts.length);
        assert.equal(new Set(vectors.map(({ length }) => length)).size, 1);
        for (const vector of vectors) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
        assert.deepEqual(await embedder.embed([], signal), []);
      }),
    );

    it('gives a text the same vector among others, alone, and beside other calls', { skip }, () =>
      using(async (embedder) => {
        const together = await embedder.embed(texts, signal);
        const calls = await Promise.all(texts.map((text) => embedder.embed([text], signal)));
        for (const [index, [alone]] of calls.entries()) near(alone, together[index]);
        const [last, first] = await embedder.embed([texts.at(-1) ?? '', texts[0] ?? ''], signal);
        near(last, together.at(-1));
        near(first, together[0]);
      }),
    );

    it('has a name and an identity that stay', { skip }, () =>
      using(async (embedder) => {
        assert.notEqual(embedder.name, '');
        await using(async (other) => assert.equal(other.identity, embedder.identity));
      }),
    );

    it('stops with the reason of the signal', { skip }, () =>
      using(async (embedder) => {
        const aborted = AbortSignal.abort(new Error('stopped'));
        await assert.rejects(embedder.embed(texts, aborted), /stopped/);
      }),
    );
  });
}

function rounded(vector: Float32Array | undefined): number[] {
  return [...(vector ?? [])].map((value) => Math.round(value * 1e5) + 0);
}
