// What holds for redacted dialogues, whatever they say.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Dialogue } from '../../corpus/dialogue.js';
import { findPersonal } from './find.js';
import { startRecognizer } from './recognizer.js';
import { recognizers } from './recognizers.js';
import { Redaction, type RedactOptions } from './redaction.js';

const defaults: RedactOptions = {
  redact: 'pii,url',
  redactWith: 'placeholder',
  phoneRegions: 'US,GB,DE,FR,CN',
  names: null,
  redactKey: null,
  seed: 42,
};

async function redaction(changed: Partial<RedactOptions> = {}): Promise<Redaction> {
  const started = await Redaction.start({ ...defaults, ...changed });
  assert.ok(started);
  return started;
}

function dialogueOf(texts: readonly string[], speakers: readonly string[] = []): Dialogue {
  const turns = texts.map((text, index) => {
    const speaker = speakers[index % speakers.length];
    return { text, supervised: true, ...(speaker !== undefined && { speaker }) };
  });
  return { turns, source: 'chats.txt:1' };
}

function redactedWith(by: Redaction, dialogue: Dialogue) {
  const names = by.newNames();
  for (const { speaker } of dialogue.turns) if (speaker !== undefined) names.add(speaker);
  return by.redacted(dialogue, names);
}

const textsOf = ({ turns }: Dialogue) => turns.map(({ text }) => text);

async function redactedTexts(
  texts: readonly string[],
  changed: Partial<RedactOptions> = {},
  speakers: readonly string[] = [],
): Promise<string[]> {
  return textsOf(redactedWith(await redaction(changed), dialogueOf(texts, speakers)).dialogue);
}

const values = recognizers.flatMap(({ finds }) => finds.map(([text]) => text));
/** Texts in which values touch, overlap, and stand in between anything else. */
const texts = fc.array(
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...values),
        fc.string({ unit: 'grapheme', maxLength: 8 }),
        fc.constantFrom(' ', '\n', '[EMAIL]', '[PHONE_2]', '0', '：', '-'),
      ),
      {
        maxLength: 6,
      },
    )
    .map((pieces) => pieces.join('')),
  { minLength: 1, maxLength: 4 },
);

it('leaves nothing that a recognizer finds', async () => {
  const by = await redaction();
  const started = await Promise.all(
    recognizers.map((one) => startRecognizer(one, { phoneRegions: defaults.phoneRegions.split(',') })),
  );
  fc.assert(
    fc.property(texts, (before) => {
      for (const text of textsOf(redactedWith(by, dialogueOf(before)).dialogue))
        assert.deepEqual(findPersonal(text, started), [], text);
    }),
    { numRuns: 150, seed: 1 },
  );
});

it('changes nothing more when it redacts again', async () => {
  for (const redactWith of ['placeholder', 'fake'] as const) {
    const by = await redaction({ redactWith });
    fc.assert(
      fc.property(texts, (before) => {
        const { dialogue, again } = redactedWith(by, dialogueOf(before));
        if (redactWith === 'placeholder') assert.deepEqual(textsOf(again(dialogue)), textsOf(dialogue));
        else for (const value of values) assert.ok(!textsOf(dialogue).includes(value));
      }),
      { numRuns: 50, seed: 1 },
    );
  }
});

it('gives different values different placeholders, which the dialogue does not hold already', async () => {
  assert.deepEqual(await redactedTexts(['ann@example.org', 'bob@example.org, ANN@example.org']), [
    '[EMAIL_1]',
    '[EMAIL_2], [EMAIL_1]',
  ]);
  assert.deepEqual(
    await redactedTexts(['write [EMAIL] or [EMAIL_2]', 'ann@example.org and bob@example.org']),
    ['write [EMAIL] or [EMAIL_2]', '[EMAIL_1] and [EMAIL_3]'],
  );
  const placeholder = /\[[A-Z]+(?:_[A-Z]+)*(?:_\d+)?\]/g;
  const by = await redaction();
  fc.assert(
    fc.property(texts, (before) => {
      const { dialogue } = redactedWith(by, dialogueOf(before));
      const old = new Set(before.flatMap((text) => text.match(placeholder) ?? []));
      const count = (all: readonly string[], word: string) => all.join('\n').split(word).length;
      for (const word of old) assert.ok(count(textsOf(dialogue), word) <= count(before, word));
    }),
    { numRuns: 100, seed: 2 },
  );
});

it('keeps everything around a value, whatever hides it', async () => {
  assert.deepEqual(
    await redactedTexts(['前１３８１２３４５６７８後', 'a&amp;#64;b ann&commat;example.org!']),
    ['前[PHONE]後', 'a&amp;#64;b [EMAIL]!'],
  );
  assert.deepEqual(await redactedTexts(['ann@exa\u200bmple.org']), ['[EMAIL]']);
});

it('replaces a value by the same fake in the whole corpus, and others by others', async () => {
  const [first, second] = await redactedTexts(['ann@example.org', 'bob@example.org'], { redactWith: 'fake' });
  assert.notEqual(first, second);
  assert.deepEqual(await redactedTexts(['to Ann@Example.org'], { redactWith: 'fake' }), [`to ${first}`]);
  const [other] = await redactedTexts(['ann@example.org'], { redactWith: 'fake', seed: 43 });
  assert.notEqual(first, other);
});

it('replaces the names of speakers, their parts, and names that are announced', async () => {
  const said = ['Hi Bob, is Alice Smith there?', 'alice is. My name is Jane Doe.', 'Thanks, Jane'];
  assert.deepEqual(await redactedTexts(said, {}, ['Alice Smith', 'Bob']), [
    'Hi [NAME_1], is [NAME_2] there?',
    '[NAME_2] is. My name is [NAME_3].',
    'Thanks, [NAME_4]',
  ]);
  const [whole = '', part = ''] = await redactedTexts(['Alice Smith', 'Alice'], { redactWith: 'fake' }, [
    'Alice Smith',
    'Bob',
  ]);
  assert.equal(whole.split(' ')[0], part);
});

it('gives speakers pseudonyms that do not tell their names', async () => {
  const dialogue = dialogueOf(['Hi', 'Hello', 'Bye'], ['Alice', 'Bob']);
  const speakersOf = async (changed: Partial<RedactOptions>) =>
    redactedWith(await redaction(changed), dialogue).dialogue.turns.map(({ speaker }) => speaker);
  const [alice, bob, again] = await speakersOf({});
  assert.match(alice ?? '', /^person-[\da-f]{12}$/);
  assert.equal(again, alice);
  assert.notEqual(bob, alice);
  assert.notDeepEqual(await speakersOf({ seed: 43 }), [alice, bob, alice]);
  assert.deepEqual(await speakersOf({ redact: 'email' }), ['Alice', 'Bob', 'Alice']);
});

it('replaces names from a file, and refuses options that say nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'names-'));
  const [names, empty] = [join(folder, 'names.txt'), join(folder, 'empty')];
  writeFileSync(names, '# staff\nDana Whitfield\n');
  writeFileSync(empty, '\n');
  assert.deepEqual(await redactedTexts(['Is Dana in?'], { names }), ['Is [NAME] in?']);
  const refused = (changed: Partial<RedactOptions>) =>
    assert.rejects(redaction(changed), { name: 'UserError' });
  await refused({ redact: 'emial' });
  await refused({ phoneRegions: 'Germany' });
  await refused({ redact: 'email', names });
  await refused({ names: join(folder, 'nothing') });
  await refused({ redactKey: empty });
  rmSync(folder, { recursive: true });
});
