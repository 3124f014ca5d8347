// A store that keeps everything in memory: the readable reference of the contract, and what a bot of rules alone uses.

import { randomUUID } from 'node:crypto';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import type {
  Change,
  Counts,
  Fact,
  Learned,
  Pair,
  PairSelection,
  ReviewEntry,
  Store,
  StoredConversation,
  StoredPair,
  StoredTurn,
  Submission,
} from './store.js';
import { fileOf, identityOf, questionIdentity, storable, storableTexts } from './texts.js';

interface KeptPair extends Omit<StoredPair, 'up' | 'down'> {
  readonly change: number;
  /** Other files that teach it. */
  readonly files: readonly string[];
  readonly votes: readonly { readonly user: string | null; readonly vote: 'up' | 'down' }[];
}

interface KeptReview extends ReviewEntry {
  /** How often each user submitted it. */
  readonly users: ReadonlyMap<string, number>;
  readonly proposedBy: string | null;
}

interface Accepted {
  readonly review: number;
  /** The id of the pair. */
  readonly pair: number;
  readonly time: number;
}

interface KeptConversation extends StoredConversation {
  readonly state: ReadonlyMap<string, string>;
}

export class MemoryStore implements Store {
  readonly name = 'memory';
  private readonly known = new Map<string, KeptPair>();
  private readonly removed = new Map<number, number>();
  private readonly conversations = new Map<string, KeptConversation>();
  private readonly factsOf = new Map<string, Map<string, Fact>>();
  private readonly reviews = new Map<number, KeptReview>();
  private readonly acceptedPairs: Accepted[] = [];
  private change = 0;
  private nextPair = 1;
  private nextReview = 1;

  /** @param most conversations, and users with facts, of which the newest are kept; null: all. */
  constructor(private readonly most: number | null = null) {}

  async learn(
    pairs: Iterable<Pair> | AsyncIterable<Pair>,
    learned: (pairs: number) => void = () => {},
  ): Promise<Learned> {
    let added = 0;
    let repeated = 0;
    for await (const pair of pairs) {
      if (this.keep(pair)) added++;
      else repeated++;
      learned(added + repeated);
    }
    return { added, repeated };
  }

  async remove(selection: PairSelection): Promise<number> {
    let removed = 0;
    for (const [key, pair] of this.known) {
      const left =
        'file' in selection ? withoutFile(pair, selection.file) : pair.id === selection.id ? null : pair;
      if (left?.source === pair.source) this.known.set(key, left);
      else {
        const change = ++this.change;
        if (left) this.known.set(key, { ...left, change });
        else this.known.delete(key);
        if (!left) this.removed.set(pair.id, change);
        removed++;
      }
    }
    return removed;
  }

  async pairs(): Promise<number> {
    return this.known.size;
  }

  async lastChange(): Promise<number> {
    return this.change;
  }

  async *changes(after: number): AsyncGenerator<readonly Change[]> {
    const kept = [...this.known.values()].map(
      ({ change, votes, files: _, ...pair }): Change => ({
        kind: 'kept',
        pair: { ...pair, up: countOf(votes, 'up'), down: countOf(votes, 'down') },
        change,
      }),
    );
    // To somebody who knows nothing, a pair that is gone is no news.
    const gone = after === 0 ? [] : [...this.removed];
    const removed = gone.map(([id, change]): Change => ({ kind: 'removed', id, change }));
    yield [...kept, ...removed]
      .filter(({ change }) => change > after)
      .sort((one, other) => (after > 0 ? one.change - other.change : 0) || idOf(one) - idOf(other));
  }

  async vote(pair: number, vote: 'up' | 'down', user: string | null): Promise<void> {
    for (const [key, kept] of this.known) {
      if (kept.id !== pair) continue;
      const others = kept.votes.filter((other) => user === null || other.user !== user);
      this.known.set(key, { ...kept, votes: [...others, { user, vote }], change: ++this.change });
    }
  }

  async begin(user: string | null): Promise<string> {
    const id = randomUUID();
    this.conversations.set(id, { id, user: storable(user), turns: [], state: new Map() });
    this.forgetOldest(this.conversations);
    return id;
  }

  async say(conversation: string, turns: readonly StoredTurn[], instead = 0): Promise<void> {
    const kept = this.conversationOf(conversation);
    // The newest conversation of a user is the last one in the map.
    this.conversations.delete(conversation);
    const before = kept.turns.slice(0, Math.max(0, kept.turns.length - instead));
    this.conversations.set(conversation, { ...kept, turns: [...before, ...turns.map(storableTexts)] });
  }

  async conversation(id: string, last: number): Promise<StoredConversation | null> {
    const kept = this.conversations.get(id);
    return kept ? { id, user: kept.user, turns: last === 0 ? [] : kept.turns.slice(-last) } : null;
  }

  async latest(user: string): Promise<string | null> {
    const own = [...this.conversations.values()].filter((kept) => kept.user === storable(user));
    return own.at(-1)?.id ?? null;
  }

  async state(conversation: string, key: string): Promise<string | null> {
    return this.conversations.get(conversation)?.state.get(key) ?? null;
  }

  async setState(conversation: string, key: string, json: string | null): Promise<void> {
    const kept = this.conversationOf(conversation);
    const state = new Map(kept.state);
    if (json === null) state.delete(key);
    else state.set(key, json);
    this.conversations.set(conversation, { ...kept, state });
  }

  async deleteConversation(id: string): Promise<boolean> {
    return this.conversations.delete(id);
  }

  async remember(user: string, fact: Fact): Promise<void> {
    for (const others of this.factsOf.values())
      for (const { key, expires } of others.values())
        if (expires !== null && expires <= fact.time) others.delete(key);
    const facts = this.factsOf.get(user) ?? new Map<string, Fact>();
    // The newest in a map is its last.
    this.factsOf.delete(user);
    this.factsOf.set(user, facts.set(storable(fact.key), storableTexts(fact)));
    this.forgetOldest(this.factsOf);
  }

  private forgetOldest(map: Map<string, unknown>): void {
    if (this.most === null || map.size <= this.most) return;
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }

  async facts(user: string, now: number): Promise<readonly Fact[]> {
    return [...(this.factsOf.get(user)?.values() ?? [])]
      .filter(({ expires }) => expires === null || expires > now)
      .sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  async forget(user: string, key: string | null): Promise<number> {
    const facts = this.factsOf.get(user);
    if (key !== null) return facts?.delete(key) ? 1 : 0;
    this.factsOf.delete(user);
    return facts?.size ?? 0;
  }

  async forgetUser(user: string): Promise<number> {
    let deleted = await this.forget(user, null);
    for (const [id, kept] of this.conversations)
      if (kept.user === user) {
        deleted += 1 + kept.turns.length;
        this.conversations.delete(id);
      }
    for (const [id, entry] of this.reviews)
      if (entry.users.has(user)) {
        const count = entry.count - (entry.users.get(user) ?? 0);
        const users = new Map([...entry.users].filter(([other]) => other !== user));
        const proposal = entry.proposedBy === user ? { proposed: null, proposedBy: null } : {};
        if (count === 0) this.reviews.delete(id);
        else this.reviews.set(id, { ...entry, ...proposal, count, users });
        deleted++;
      }
    for (const [key, kept] of this.known) {
      const votes = kept.votes.filter((vote) => vote.user !== user);
      if (votes.length === kept.votes.length) continue;
      deleted += kept.votes.length - votes.length;
      this.known.set(key, { ...kept, votes, change: ++this.change });
    }
    return deleted;
  }

  async submit(submission: Submission): Promise<void> {
    const { user, ...entry } = storableTexts(submission);
    for (const [id, kept] of this.reviews) {
      const isSame =
        kept.reason === entry.reason && questionIdentity(kept.question) === questionIdentity(entry.question);
      if (!isSame) continue;
      const proposal = entry.proposed === null ? {} : { proposed: entry.proposed, proposedBy: user };
      const users = addedTo(kept.users, user);
      this.reviews.set(id, { ...kept, ...proposal, count: kept.count + 1, users });
      return;
    }
    const id = this.nextReview++;
    this.reviews.set(id, { ...entry, id, count: 1, users: addedTo(new Map(), user), proposedBy: user });
  }

  async waiting(limit: number): Promise<readonly ReviewEntry[]> {
    return [...this.reviews.values()]
      .sort((one, other) => other.count - one.count || one.time - other.time || one.id - other.id)
      .slice(0, limit)
      .map(({ users: _, proposedBy: __, ...entry }) => entry);
  }

  async decide(entries: readonly number[], answer: string | null, time: number): Promise<void> {
    for (const id of entries) {
      const entry = this.reviews.get(id);
      if (!entry) continue;
      this.reviews.delete(id);
      if (answer === null) continue;
      const { question, previous } = entry;
      const pair = { question, answer, previous, source: `review:${id}` };
      this.keep(pair);
      this.acceptedPairs.push({ review: id, pair: this.known.get(identityOf(pair))?.id ?? 0, time });
    }
  }

  async *accepted(after: number): AsyncGenerator<Pair & { readonly time: number }> {
    const pairs = new Map([...this.known.values()].map((pair) => [pair.id, pair]));
    const found = this.acceptedPairs.filter(({ time }) => time > after);
    for (const { review, pair, time } of found.sort((one, other) => one.time - other.time)) {
      const kept = pairs.get(pair);
      if (!kept) continue;
      const { question, answer, previous } = kept;
      yield { question, answer, previous, source: `review:${review}`, time };
    }
  }

  async counts(): Promise<Counts> {
    const conversations = [...this.conversations.values()];
    return {
      pairs: this.known.size,
      conversations: conversations.length,
      turns: sum(conversations.map(({ turns }) => turns.length)),
      facts: sum([...this.factsOf.values()].map(({ size }) => size)),
      votes: sum([...this.known.values()].map(({ votes }) => votes.length)),
      waiting: this.reviews.size,
    };
  }

  async close(): Promise<void> {}

  /** @returns whether the pair is new. */
  private keep(pair: Pair): boolean {
    const { question, answer, previous, source } = storableTexts(pair);
    const key = identityOf(pair);
    const before = this.known.get(key);
    const change = ++this.change;
    if (before) {
      const files = new Set([...before.files, fileOf(source)]);
      files.delete(fileOf(before.source));
      this.known.set(key, { ...before, files: [...files], count: before.count + 1, change });
    } else
      this.known.set(key, {
        ...{ id: this.nextPair++, question, answer, previous, source, count: 1, change },
        ...{ votes: [], files: [] },
      });
    return before === undefined;
  }

  private conversationOf(id: string): KeptConversation {
    const kept = this.conversations.get(id);
    if (kept) return kept;
    throw new UserError(
      'conversation-unknown',
      `there is no conversation ${quoted(id)}; it may have been deleted, so begin a new one`,
    );
  }
}

/** The pair as others teach it; null when nobody else does. */
function withoutFile(pair: KeptPair, file: string): KeptPair | null {
  const files = pair.files.filter((other) => other !== file).sort();
  const isOfFile = pair.source === file || pair.source.startsWith(`${file}:`);
  if (!isOfFile) return { ...pair, files };
  const [source, ...others] = files;
  return source === undefined ? null : { ...pair, source, files: others };
}

function addedTo(users: ReadonlyMap<string, number>, user: string | null): Map<string, number> {
  return user === null ? new Map(users) : new Map(users).set(user, (users.get(user) ?? 0) + 1);
}

function countOf(votes: KeptPair['votes'], vote: 'up' | 'down'): number {
  return votes.filter((one) => one.vote === vote).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function idOf(change: Change): number {
  return change.kind === 'kept' ? change.pair.id : change.id;
}
