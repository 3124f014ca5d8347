import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Random } from '../../../random.js';
import type { Asked, Place } from '../augmenter.js';
import type { Translator } from './translator.js';
import { TurnTranslation } from './turn-translation.js';

const scratch = mkdtempSync(join(tmpdir(), 'turns-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let outputs = 0;

type Answer = (text: string) => string | null;

function translator(name: string, answer: Answer, asked: string[] = []): Translator {
  return {
    name,
    identity: name,
    translate: async (texts) => {
      asked.push(...texts);
      return texts.map(answer);
    },
    close: async () => {},
  };
}

interface Case {
  readonly there: Answer;
  readonly back: Answer;
  readonly language?: string;
  readonly out?: string;
}

function turnTranslation({ there, back, language = 'en', out = join(scratch, String(outputs++)) }: Case) {
  const asked: string[] = [];
  const place: Place = { out, signal: new AbortController().signal, note: () => {} };
  const translators = {
    there: translator('there', there, asked),
    back: translator('back', back),
  };
  const turns = new TurnTranslation(translators, language, place);
  return { turns, asked };
}

const turn = (text: string, names: readonly string[] = []): Asked => ({ text, names, random: new Random(1) });

/** Every word has another one in the other language, and one more on the way back. */
const there: Answer = (text) => text.replace(/[a-z]+/g, (word) => `${word}o`);
const back: Answer = (text) => text.replace(/([a-z]+)o\b/g, '$1s');

describe('a turn', () => {
  it('is translated there and back', async () => {
    const { turns, asked } = turnTranslation({ there, back });
    assert.deepEqual(await turns.vary([turn('where is it?'), turn('here')]), ['wheres iss its?', 'heres']);
    assert.deepEqual(asked, ['where is it?', 'here']);
    assert.deepEqual(await turns.end(), []);
  });

  it('keeps its line breaks, its indentation and what has no words', async () => {
    const { turns, asked } = turnTranslation({ there, back });
    assert.deepEqual(await turns.vary([turn('one\n  two \r\n\r\n12:30\nthree\u2028four')]), [
      'ones\n  twos \r\n\r\n12:30\nthrees\u2028fours',
    ]);
    assert.deepEqual(asked, ['one', 'two', 'three', 'four']);
  });

  it('keeps placeholders, addresses and names', async () => {
    const { turns, asked } = turnTranslation({ there, back });
    assert.deepEqual(await turns.vary([turn('write ann at [EMAIL] now', ['Ann'])]), [
      'writes ann ats [EMAIL] nows',
    ]);
    assert.deepEqual(asked, ['write [0] at [1] now']);
  });

  it('without words is not sent', async () => {
    const { turns, asked } = turnTranslation({ there, back });
    assert.deepEqual(await turns.vary([turn('[EMAIL] 12 🙂')]), [null]);
    assert.deepEqual(asked, []);
  });

  it('has no variant if a mask is lost on either way', async () => {
    const lost = turnTranslation({ there: () => 'nothing', back });
    assert.deepEqual(await lost.turns.vary([turn('to [EMAIL]')]), [null]);
    const lostBack = turnTranslation({ there, back: () => 'nothing' });
    assert.deepEqual(await lostBack.turns.vary([turn('to [EMAIL]')]), [null]);
    for (const { turns } of [lost, lostBack])
      assert.deepEqual(await turns.end(), [
        'back-translation: 1 text has no variant, because a placeholder, a name or an address got lost',
      ]);
  });

  it('has no variant if the translator has none for one of its lines', async () => {
    const { turns } = turnTranslation({ there: (text) => (text === 'two' ? null : there(text)), back });
    assert.deepEqual(await turns.vary([turn('one\ntwo'), turn('one')]), [null, 'ones']);
    assert.deepEqual(await turns.end(), [
      'back-translation: 1 text has no variant, because the translator gave no usable answer',
    ]);
  });

  it('in another script than that of the language is not sent', async () => {
    const chinese = turnTranslation({ there, back, language: 'zho_Hans' });
    await chinese.turns.vary([
      turn('where is my order, please? it is late'),
      turn('我的订单在哪里'),
      turn('ok'),
    ]);
    assert.deepEqual(chinese.asked, ['我的订单在哪里', 'ok']);
    assert.deepEqual(await chinese.turns.end(), [
      'back-translation: 1 text was not translated, because it is not in zho_Hans',
    ]);
    const english = turnTranslation({ there, back });
    await english.turns.vary([turn('我的订单在哪里'), turn('where')]);
    assert.deepEqual(english.asked, ['where']);
  });
});

describe('a translator that gives texts back as they were', () => {
  const many = Array.from({ length: 60 }, (_, index) => turn(`text number ${index}`));

  it('is refused', async () => {
    const { turns } = turnTranslation({ there: (text) => text, back });
    await assert.rejects(turns.vary(many), /there gives back the first 60 texts as they were; check/);
  });

  it('is not refused if it has translated anything', async () => {
    const { turns } = turnTranslation({ there: (text) => (text.endsWith(' 3') ? 'other' : text), back });
    assert.equal((await turns.vary(many)).length, 60);
  });
});

it('continues with the translations of an interrupted run, and removes them when the corpus is written', async () => {
  const out = join(scratch, 'interrupted');
  const first = turnTranslation({ there, back: () => assert.fail('stopped'), out });
  await assert.rejects(first.turns.vary([turn('one'), turn('two')]), /stopped/);
  await first.turns.end();
  const second = turnTranslation({ there, back, out });
  assert.deepEqual(await second.turns.vary([turn('one'), turn('three')]), ['ones', 'threes']);
  assert.deepEqual(second.asked, ['three']);
  assert.deepEqual(await second.turns.end(), [
    'back-translation: 2 translations were kept from an earlier run that was interrupted',
  ]);
  second.turns.written();
  const third = turnTranslation({ there, back, out });
  await third.turns.vary([turn('one')]);
  assert.deepEqual(third.asked, ['one']);
});
