// For tests: what every store must do.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Change, Fact, Pair, Store, StoredTurn } from '../../src/bots/store/store.js';
import { UserError } from '../../src/errors.js';

const pair = (question: string, answer: string, more: Partial<Pair> = {}): Pair => ({
  question,
  answer,
  previous: null,
  source: 'faq.csv:1',
  ...more,
});

async function changesOf(store: Store, after: number): Promise<Change[]> {
  return (await all(store.changes(after))).flat();
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The pairs that somebody knows who follows the changes. */
function followed(before: ReadonlyMap<number, Change>, changes: readonly Change[]): Map<number, Change> {
  const now = new Map(before);
  for (const change of changes)
    if (change.kind === 'kept') now.set(change.pair.id, change);
    else now.delete(change.id);
  return now;
}

const turn = (speaker: StoredTurn['speaker'], text: string, time: number): StoredTurn => ({
  ...{ speaker, text, time },
  source: speaker === 'bot' ? 'retrieval: faq.csv:1' : null,
  score: speaker === 'bot' ? 0.9 : null,
});

const fact = (key: string, value: string, expires: number | null = null): Fact => ({
  ...{ key, value, expires },
  said: `it is ${value}`,
  time: 1000,
});

const question = (text: string, user: string | null = null) =>
  ({
    ...{ question: text, user, previous: null, said: null, proposed: null, time: 1000 },
    reason: 'unanswered',
  }) as const;

/** @param open a new, empty store. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`the store ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    it('keeps a pair once, and counts how often it was learned', async () => {
      const first = await store.learn([pair('Open on Sunday?', 'No.'), pair('Hi', 'Hello')]);
      assert.deepEqual(first, { added: 2, repeated: 0 });
      const second = await store.learn([pair('open on  SUNDAY', 'No.', { source: 'other.csv:7' })]);
      assert.deepEqual(second, { added: 0, repeated: 1 });
      assert.equal(await store.pairs(), 2);
      const [kept] = await changesOf(store, 0);
      assert.ok(kept?.kind === 'kept');
      assert.deepEqual(kept.pair, {
        ...pair('Open on Sunday?', 'No.'),
        ...{ id: kept.pair.id, count: 2, up: 0, down: 0 },
      });
    });

    it('keeps other answers and other previous turns apart', async () => {
      const pairs = [
        pair('And then?', 'Wait.'),
        pair('And then?', 'Pay.'),
        pair('And then?', 'Pay.', { previous: 'Choose a card' }),
      ];
      assert.deepEqual(await store.learn(pairs), { added: 3, repeated: 0 });
    });

    it('learns from what comes slowly, and keeps any text as it is', async () => {
      const texts = [
        "it's 100%_sure; DROP TABLE pair",
        '你好 🙂',
        'a\nb\tc',
        '{name} $1 \\',
        'x'.repeat(20_000),
      ];
      async function* slowly() {
        for (const text of texts) {
          await Promise.resolve();
          yield pair(text, `${text}!`, { previous: text, source: text.slice(0, 40) });
        }
      }
      await store.learn(slowly());
      const kept = await changesOf(store, 0);
      assert.deepEqual(
        kept.map(
          (change) =>
            change.kind === 'kept' && [change.pair.question, change.pair.answer, change.pair.previous],
        ),
        texts.map((text) => [text, `${text}!`, text]),
      );
    });

    it('forgets a pair, or all pairs of a file and of no other', async () => {
      await store.learn([
        pair('a', '1', { source: 'faq.csv:1' }),
        pair('b', '2', { source: 'faq.csv:22' }),
        pair('c', '3', { source: 'faq.csv2:1' }),
        pair('d', '4', { source: 'faq_csv:1' }),
        pair('e', '5', { source: 'FAQ.csv:1' }),
        pair('f', '6', { source: '🙂.csv:1' }),
      ]);
      assert.equal(await store.remove({ file: '🙂.csv' }), 1);
      assert.equal(await store.remove({ file: 'faq.csv' }), 2);
      const [left] = await changesOf(store, 0);
      assert.ok(left?.kind === 'kept' && left.pair.question === 'c');
      assert.equal(await store.remove({ id: left.pair.id }), 1);
      assert.equal(await store.remove({ id: left.pair.id }), 0);
      assert.equal(await store.pairs(), 2);
    });

    it('keeps a pair of a file that is forgotten while another file teaches it', async () => {
      await store.learn([pair('a', '1', { source: 'one.csv:1' }), pair('A', '1', { source: 'two.csv:7' })]);
      await store.learn([
        pair('a', '1', { source: 'three.csv:1' }),
        pair('b', '2', { source: 'one.csv:2' }),
        pair('a', '1', { source: 'one.csv:9' }),
      ]);
      const seen = await store.lastChange();
      const sources = async (after: number) =>
        (await changesOf(store, after)).map((change) =>
          change.kind === 'kept' ? change.pair.source : 'removed',
        );
      assert.equal(await store.remove({ file: 'one.csv' }), 2);
      assert.deepEqual((await sources(seen)).sort(), ['removed', 'three.csv']);
      assert.equal(await store.remove({ file: 'three.csv' }), 1);
      assert.deepEqual(await sources(0), ['two.csv']);
      assert.equal(await store.remove({ file: 'two.csv' }), 1);
      assert.equal(await store.pairs(), 0);
    });

    it('gives those who follow its changes what is there now', async () => {
      const operation = fc.oneof(
        fc.record({ kind: fc.constant('learn' as const), question: fc.integer({ min: 0, max: 9 }) }),
        fc.record({ kind: fc.constant('remove' as const), question: fc.integer({ min: 0, max: 9 }) }),
        fc.record({ kind: fc.constant('vote' as const), question: fc.integer({ min: 0, max: 9 }) }),
        fc.constant({ kind: 'look' as const, question: 0 }),
      );
      let known = new Map<number, Change>();
      let seen = 0;
      const look = async () => {
        const last = await store.lastChange();
        known = followed(known, await changesOf(store, seen));
        assert.ok(last >= seen);
        seen = last;
        const now = followed(new Map(), await changesOf(store, 0));
        assert.deepEqual(new Map([...known].sort(([one], [other]) => one - other)), now);
      };
      const idOf = (text: string) =>
        [...known.values()].find((change) => change.kind === 'kept' && change.pair.question === text);
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
          for (const { kind, question } of operations) {
            const text = `question ${question}`;
            const found = idOf(text);
            if (kind === 'learn') await store.learn([pair(text, 'yes')]);
            else if (kind === 'look') await look();
            else if (found?.kind === 'kept' && kind === 'remove') await store.remove({ id: found.pair.id });
            else if (found?.kind === 'kept') await store.vote(found.pair.id, 'up', `user ${question}`);
          }
          await look();
        }),
        { seed: 3, numRuns: 15 },
      );
    });

    it('counts the last vote of each user, and each vote of nobody', async () => {
      await store.learn([pair('a', '1')]);
      const [kept] = await changesOf(store, 0);
      assert.ok(kept?.kind === 'kept');
      const { id } = kept.pair;
      await store.vote(id, 'up', 'ann');
      await store.vote(id, 'down', 'ann');
      await store.vote(id, 'up', null);
      await store.vote(id, 'up', null);
      await store.vote(id + 1000, 'up', 'ann');
      const [now] = await changesOf(store, kept.change);
      assert.ok(now?.kind === 'kept');
      assert.deepEqual([now.pair.up, now.pair.down], [2, 1]);
    });

    it('finds a conversation again by its user, with its newest turns', async () => {
      const first = await store.begin('ann');
      const other = await store.begin('bob');
      const second = await store.begin('ann');
      assert.equal(await store.latest('ann'), second);
      await store.say(first, [turn('user', 'Hi', 1), turn('bot', 'Hello', 2)]);
      await store.say(first, [turn('user', '再见', 3), turn('bot', 'Bye', 4)]);
      assert.equal(await store.latest('ann'), first);
      assert.equal(await store.latest('bob'), other);
      assert.equal(await store.latest('eve'), null);
      assert.deepEqual(await store.conversation(first, 3), {
        ...{ id: first, user: 'ann' },
        turns: [turn('bot', 'Hello', 2), turn('user', '再见', 3), turn('bot', 'Bye', 4)],
      });
      assert.deepEqual((await store.conversation(first, 0))?.turns, []);
      assert.equal(await store.deleteConversation(first), true);
      assert.equal(await store.deleteConversation(first), false);
      assert.equal(await store.conversation(first, 3), null);
      await assert.rejects(
        store.say(first, [turn('user', 'Hi', 1)]),
        (thrown) => thrown instanceof UserError,
      );
      assert.notEqual(await store.begin(null), await store.begin(null));
    });

    it('puts turns in the place of the newest ones', async () => {
      const talk = await store.begin('ann');
      await store.say(talk, [turn('user', 'Hi', 1), turn('bot', 'Hello', 2)]);
      await store.say(talk, [turn('user', 'Bye', 3), turn('bot', 'See you', 4)]);
      await store.say(talk, [turn('user', 'Bye!', 5), turn('bot', 'Farewell', 6)], 2);
      assert.deepEqual((await store.conversation(talk, 10))?.turns, [
        ...[turn('user', 'Hi', 1), turn('bot', 'Hello', 2)],
        ...[turn('user', 'Bye!', 5), turn('bot', 'Farewell', 6)],
      ]);
      const other = await store.begin('bob');
      await store.say(other, [turn('user', 'x', 1)]);
      await store.say(talk, [], 100);
      assert.deepEqual((await store.conversation(talk, 10))?.turns, []);
      assert.equal((await store.conversation(other, 10))?.turns.length, 1);
    });

    it('keeps state for each conversation and key', async () => {
      const [one, other] = [await store.begin(null), await store.begin(null)];
      await store.setState(one, 'form', '{"step":1}');
      await store.setState(one, 'form', '{"step":2}');
      await store.setState(one, 'topic', '"x"');
      assert.equal(await store.state(one, 'form'), '{"step":2}');
      assert.equal(await store.state(other, 'form'), null);
      await store.setState(one, 'form', null);
      assert.equal(await store.state(one, 'form'), null);
      assert.equal(await store.state(one, 'topic'), '"x"');
    });

    it('keeps facts by user and key until they expire, and never mixes users', async () => {
      await store.remember('ann', fact('name', 'Ann'));
      await store.remember('ann', fact('name', 'Anna'));
      await store.remember('ann', fact('city', 'Rome', 5000));
      await store.remember('Ann', fact('name', 'Ann Other'));
      assert.deepEqual(await store.facts('ann', 4999), [fact('city', 'Rome', 5000), fact('name', 'Anna')]);
      assert.deepEqual(await store.facts('ann', 5000), [fact('name', 'Anna')]);
      assert.deepEqual(await store.facts('Ann', 0), [fact('name', 'Ann Other')]);
      assert.equal(await store.forget('ann', 'name'), 1);
      assert.equal(await store.forget('ann', 'name'), 0);
      assert.equal(await store.forget('ann', null), 1);
      assert.deepEqual(await store.facts('ann', 0), []);
    });

    it('forgets everything about a user, and nothing about others', async () => {
      for (const user of ['ann', 'bob']) {
        await store.learn([pair('a', '1')]);
        await store.remember(user, fact('name', user));
        await store.say(await store.begin(user), [turn('user', 'Hi', 1), turn('bot', 'Hello', 2)]);
        await store.submit(question(`question of ${user}`, user));
        const [kept] = await changesOf(store, 0);
        assert.ok(kept?.kind === 'kept');
        await store.vote(kept.pair.id, 'up', user);
      }
      assert.equal(await store.forgetUser('ann'), 6);
      assert.equal(await store.latest('ann'), null);
      assert.deepEqual(await store.facts('ann', 0), []);
      assert.equal((await store.facts('bob', 0)).length, 1);
      assert.notEqual(await store.latest('bob'), null);
      assert.deepEqual(
        (await store.waiting(10)).map((entry) => entry.question),
        ['question of bob'],
      );
      const [kept] = await changesOf(store, 0);
      assert.ok(kept?.kind === 'kept');
      assert.equal(kept.pair.up, 1);
      assert.equal(await store.forgetUser('ann'), 0);
    });

    it('queues questions for review: one entry for a question, the most asked first', async () => {
      await store.submit(question('Do you ship?'));
      await store.submit(question('Do you sell tea?'));
      await store.submit({ ...question('do you sell TEA'), proposed: 'Yes, green tea.' });
      await store.submit({ ...question('Do you sell tea?'), reason: 'disliked', said: 'No.' });
      const waiting = await store.waiting(10);
      assert.deepEqual(
        waiting.map(({ question, reason, count, proposed, said }) => [
          question,
          reason,
          count,
          proposed,
          said,
        ]),
        [
          ['Do you sell tea?', 'unanswered', 2, 'Yes, green tea.', null],
          ['Do you ship?', 'unanswered', 1, null, null],
          ['Do you sell tea?', 'disliked', 1, null, 'No.'],
        ],
      );
      assert.equal((await store.waiting(1)).length, 1);
    });

    it('makes an accepted answer a pair at once, and asks no more about it', async () => {
      await store.submit(question('Do you ship?'));
      await store.submit(question('Can you ship it?'));
      await store.submit(question('asdf'));
      const [one, two, three] = await store.waiting(10);
      assert.ok(one && two && three);
      await store.decide([one.id, two.id], 'Yes, worldwide.', 2000);
      await store.decide([three.id], null, 3000);
      await store.decide([one.id], 'A second decision', 4000);
      assert.deepEqual(await store.waiting(10), []);
      const kept = await changesOf(store, 0);
      assert.deepEqual(
        kept.map(
          (change) =>
            change.kind === 'kept' && [change.pair.question, change.pair.answer, change.pair.source],
        ),
        [
          ['Do you ship?', 'Yes, worldwide.', `review:${one.id}`],
          ['Can you ship it?', 'Yes, worldwide.', `review:${two.id}`],
        ],
      );
      assert.equal((await all(store.accepted(0))).length, 2);
      assert.equal((await all(store.accepted(2000))).length, 0);
      await store.submit(question('Do you ship?'));
      assert.equal((await store.waiting(10)).length, 1);
    });

    it('exports an accepted answer until its pair is removed', async () => {
      await store.submit(question('Do you ship?', 'ann'));
      const [entry] = await store.waiting(1);
      assert.ok(entry);
      await store.decide([entry.id], 'Yes.', 2000);
      assert.equal(await store.forgetUser('ann'), 0);
      assert.deepEqual(await all(store.accepted(0)), [
        pair('Do you ship?', 'Yes.', { source: `review:${entry.id}`, ...{ time: 2000 } }),
      ]);
      await store.remove({ file: 'review' });
      await store.learn([pair('Do you ship?', 'Yes.')]);
      assert.deepEqual(await all(store.accepted(0)), []);
    });

    it('keeps a question in review that others have asked too, without what a forgotten user proposed', async () => {
      await store.submit({ ...question('Tea?', 'ann'), proposed: 'Call Ann at home.' });
      await store.submit(question('tea', 'ann'));
      await store.submit(question('Tea', null));
      await store.submit({ ...question('Milk?', 'bob'), proposed: 'Yes.' });
      await store.submit(question('Milk?', 'ann'));
      assert.equal(await store.forgetUser('ann'), 2);
      const waiting = await store.waiting(10);
      assert.deepEqual(
        waiting.map(({ question, count, proposed }) => [question, count, proposed]),
        [
          ['Tea?', 1, null],
          ['Milk?', 1, 'Yes.'],
        ],
      );
    });

    it('deletes facts that have expired when another is remembered', async () => {
      await store.remember('ann', fact('city', 'Rome', 500));
      await store.remember('bob', fact('name', 'Bob', 2000));
      assert.equal((await store.counts()).facts, 1);
    });

    it('counts what it keeps', async () => {
      await store.learn([pair('a', '1'), pair('b', '2')]);
      const id = await store.begin('ann');
      await store.say(id, [turn('user', 'Hi', 1)]);
      await store.remember('ann', fact('name', 'Ann'));
      await store.submit(question('c'));
      const [kept] = await changesOf(store, 0);
      assert.ok(kept?.kind === 'kept');
      await store.vote(kept.pair.id, 'up', null);
      const counts = { pairs: 2, conversations: 1, turns: 1, facts: 1, votes: 1, waiting: 1 };
      assert.deepEqual(await store.counts(), counts);
    });

    it('replaces what no database can hold', async () => {
      await store.learn([pair('a\0b', 'half \ud83d')]);
      const id = await store.begin('ann\0');
      await store.say(id, [turn('user', '\udc00 \0', 1)]);
      const [kept] = await changesOf(store, 0);
      assert.ok(kept?.kind === 'kept');
      assert.deepEqual([kept.pair.question, kept.pair.answer], ['a\ufffdb', 'half \ufffd']);
      assert.equal((await store.conversation(id, 1))?.turns[0]?.text, '\ufffd \ufffd');
      assert.equal(await store.latest('ann\0'), id);
    });

    it('takes many calls at once', async () => {
      const id = await store.begin('ann');
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          await store.learn([pair(`question ${index % 10}`, 'yes')]);
          await store.say(id, [turn('user', `${index}`, index), turn('bot', `${index}`, index)]);
          await store.remember('ann', fact(`key${index % 5}`, `${index}`));
        }),
      );
      assert.equal(await store.pairs(), 10);
      const turns = (await store.conversation(id, 1000))?.turns ?? [];
      assert.equal(turns.length, 100);
      // The turns of one call stay together.
      for (let index = 0; index < 100; index += 2) assert.equal(turns[index]?.text, turns[index + 1]?.text);
      assert.equal((await store.facts('ann', 0)).length, 5);
    });
  });
}
