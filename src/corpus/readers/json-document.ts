// Opens JSON objects that are too large to be parsed at once: a chat export with millions of messages, a corpus within one
// object. The object is passed over once. Its small members are kept, and its long lists are remembered by their place, to be
// read later from there, element by element. An element can be such an object too. Which reader can read the object that way
// is decided in read-records.ts.
//
// An error in the text is the one that reading the whole object reports: after any error, the object is passed over again from
// its beginning and every value is parsed.

import type { Fields } from '../../objects.js';
import type { TextFile } from '../text-file.js';
import { found, JsonError, tooDeep, unfinished } from './json-error.js';
import { endOfValue, JsonWindow, type Place, parsed } from './json-window.js';

/** Numbers of characters. */
export interface JsonLimits {
  /** Of a value that is parsed at once, and of all that is kept of a larger object. */
  readonly longest: number;
  /** An object that is longer is not parsed at once. */
  readonly streamed: number;
  /** A list or object in such an object is kept if it is not longer. */
  readonly kept: number;
}

/** The passes over one text. All windows move forward only, so the next pass takes one that is not beyond its place yet. */
export class JsonDocuments {
  private readonly idle: JsonWindow[] = [];

  constructor(
    private readonly file: Pick<TextFile, 'path' | 'pieces'>,
    readonly limits: JsonLimits,
  ) {}

  /** Reads the value at the window's place, and moves the window past it. @returns a `JsonDocument` for a large object. */
  value(window: JsonWindow, levels: number, outermost?: Outermost): unknown {
    const end = endOfValue(window, levels, this.limits.streamed);
    if (end !== undefined) return parsed(window, end, levels);
    if (window.character !== '{') return parsed(window, endOfValue(window, levels), levels);
    const root = outermost ?? { place: window.place, levels };
    try {
      return new Survey(this, root, false).object(window, levels);
    } catch (thrown) {
      throw this.located(thrown, window, root);
    }
  }

  /** Passes a window at `place` to `read`. @throws UserError with the first error of `outermost`. */
  from<Result>(place: Place, outermost: Outermost, read: (window: JsonWindow) => Result): Result {
    const window = this.take(place);
    try {
      return read(window);
    } catch (thrown) {
      throw this.located(thrown, window, outermost);
    } finally {
      this.give(window);
    }
  }

  /** The first error of `outermost` if reading a part of it in `window` failed, as a UserError. */
  located(thrown: unknown, window: JsonWindow, outermost: Outermost): unknown {
    if (!(thrown instanceof JsonError)) return thrown;
    this.check(outermost);
    return window.error(thrown);
  }

  /** Parses a value in parts. @throws UserError with the first error in it. */
  check({ place, levels }: Outermost): void {
    const window = this.take(place);
    try {
      new Survey(this, { place, levels }, true).object(window, levels);
    } catch (thrown) {
      throw thrown instanceof JsonError ? window.error(thrown) : thrown;
    } finally {
      this.give(window);
    }
  }

  take(place: Place): JsonWindow {
    const usable = this.idle.filter((window) => window.place.offset <= place.offset);
    const [nearest] = usable.sort((one, other) => other.place.offset - one.place.offset);
    if (nearest) this.idle.splice(this.idle.indexOf(nearest), 1);
    const window = nearest ?? new JsonWindow(this.file.pieces(), this.file.path, this.limits.longest);
    window.skipTo(place);
    return window;
  }

  give(window: JsonWindow): void {
    this.idle.push(window);
    if (this.idle.length > mostIdle) this.idle.shift()?.close();
  }

  close(): void {
    for (const window of this.idle.splice(0)) window.close();
  }
}

/** Lists in lists need one window each. */
const mostIdle = 4;

/** The value that nothing else contains. Errors are located by reading it from its beginning. */
interface Outermost {
  readonly place: Place;
  readonly levels: number;
}

/** A list that is read from the text each time. */
export class JsonList implements Iterable<unknown> {
  /** Whether all elements were read, and so are valid. */
  isRead = false;

  constructor(
    private readonly documents: JsonDocuments,
    private readonly outermost: Outermost,
    /** Of the opening bracket. */
    private readonly place: Place,
    private readonly levels: number,
    readonly length: number,
    /** Undefined if the list is empty. */
    readonly first: unknown,
  ) {}

  /** A large object is a `JsonDocument`. @throws UserError with the first error in the text. */
  *[Symbol.iterator](): Generator<unknown> {
    const { documents, outermost } = this;
    const window = documents.take(this.place);
    try {
      for (const _ of elementsAt(window)) yield documents.value(window, this.levels - 1, outermost);
      this.isRead = true;
    } catch (thrown) {
      throw documents.located(thrown, window, outermost);
    } finally {
      documents.give(window);
    }
  }
}

/** The members of a large object by name. Their values are values, `JsonDocument`s and `JsonList`s. */
type Members = ReadonlyMap<string, unknown>;

/** An object that is too large to be parsed at once. */
export class JsonDocument {
  private areValuesRead = false;

  constructor(
    private readonly documents: JsonDocuments,
    private readonly outermost: Outermost,
    private readonly place: Place,
    private readonly levels: number,
    /** Null if there is more in them than can be kept. */
    readonly members: Members | null,
    /** Whether a long list was replaced by another member of the same name, so that nobody reads it. */
    private readonly hasReplaced: boolean,
  ) {}

  /** The object with only the first element of each long list. Null if its members are too many. */
  get preview(): Fields | null {
    const { members } = this;
    return members && Object.fromEntries([...members].map(([name, value]) => [name, previewOf(value)]));
  }

  /**
   * The object for a reader.
   * @param lists the paths of the lists that it reads, such as `messages` or `chats.list[].messages`. They become `Elements`.
   * Of all other long lists, it gets the first element.
   */
  fields(lists: readonly string[]): Fields {
    return fieldsOf(this, lists.map(stepsOf));
  }

  /**
   * The elements of a list of the object. Those that are large objects are `JsonDocument`s.
   * @param name in lower case.
   */
  list(name: string): Iterable<unknown> | undefined {
    const names = [...(this.members?.keys() ?? [])].filter((one) => one.toLowerCase() === name);
    const list = this.members?.get(names.includes(name) ? name : (names.at(-1) ?? name));
    return Array.isArray(list) || list instanceof JsonList ? list : undefined;
  }

  /** The values of all members, read from the text. Of several with the same name, the last one counts. */
  *values(): Generator<unknown> {
    if (this.members) {
      // In the order that JSON.parse gives them.
      yield* Object.values(Object.fromEntries(this.members));
      return;
    }
    const { documents, outermost } = this;
    const last = this.lastByName();
    const window = documents.take(this.place);
    try {
      let index = 0;
      for (const name of membersAt(window)) {
        const value = documents.value(window, this.levels - 1, outermost);
        if (last.get(name) === index++) yield value;
      }
      this.areValuesRead = true;
    } catch (thrown) {
      throw documents.located(thrown, window, outermost);
    } finally {
      documents.give(window);
    }
  }

  /** The index of the last member of each name. */
  private lastByName(): ReadonlyMap<string, number> {
    const { documents, outermost, levels } = this;
    const last = new Map<string, number>();
    let [index, length] = [0, 0];
    documents.from(this.place, outermost, (window) => {
      const survey = new Survey(documents, outermost, false);
      for (const name of membersAt(window)) {
        survey.pass(window, levels - 1);
        length += name.length;
        if (length > documents.limits.longest) throw window.tooLong();
        last.set(name, index++);
      }
    });
    return last;
  }

  /** Parses the object at once. @throws UserError (data) if it is too long. */
  whole(): unknown {
    const { documents, outermost, levels } = this;
    return documents.from(this.place, outermost, (window) =>
      parsed(window, endOfValue(window, levels), levels),
    );
  }

  /** Parses what nobody has read. @throws UserError with the first error in it. */
  finish(): void {
    if (this.hasUnread) this.documents.check(this.outermost);
  }

  private get hasUnread(): boolean {
    const { members } = this;
    if (this.hasReplaced || members === null) return !this.areValuesRead;
    return [...members.values()].some((value) =>
      value instanceof JsonList ? !value.isRead : value instanceof JsonDocument && value.hasUnread,
    );
  }
}

/** A list in a record: an array, or a long list of which one element at a time is in memory. */
export type Elements = Iterable<unknown> & { readonly length: number };

export function elementsOf(value: unknown): Elements | undefined {
  return Array.isArray(value) || value instanceof LongList ? value : undefined;
}

/** The steps from a value to lists in it: names of members in lower case, and `[]` for all elements of a list. */
type Steps = readonly string[];

class LongList implements Iterable<unknown> {
  constructor(
    private readonly list: JsonList,
    /** From the list. */
    private readonly paths: readonly Steps[],
  ) {}

  get length(): number {
    return this.list.length;
  }

  *[Symbol.iterator](): Generator<unknown> {
    const paths = after('[]', this.paths);
    for (const element of this.list) {
      if (!(element instanceof JsonDocument)) yield element;
      else if (paths.length === 0 || element.members === null) yield element.whole();
      else {
        yield fieldsOf(element, paths);
        element.finish();
      }
    }
  }
}

function stepsOf(path: string): Steps {
  return path.toLowerCase().replaceAll('[]', '.[]').split('.');
}

/** What is left of the paths that begin with `step`. */
function after(step: string, paths: readonly Steps[]): readonly Steps[] {
  return paths.filter(([first]) => first === step).map(([, ...rest]) => rest);
}

function fieldsOf({ members }: JsonDocument, paths: readonly Steps[]): Fields {
  return Object.fromEntries(
    [...(members ?? [])].map(([name, value]) => [name, opened(value, after(name.toLowerCase(), paths))]),
  );
}

function opened(value: unknown, paths: readonly Steps[]): unknown {
  if (paths.length === 0) return previewOf(value);
  if (value instanceof JsonList) return new LongList(value, paths);
  return value instanceof JsonDocument ? fieldsOf(value, paths) : value;
}

function previewOf(value: unknown): unknown {
  if (value instanceof JsonList) return value.length === 0 ? [] : [previewOf(value.first)];
  return value instanceof JsonDocument ? (value.preview ?? {}) : value;
}

/** Passes over values. */
class Survey {
  /** The number of characters that were kept. */
  private kept = 0;

  constructor(
    private readonly documents: JsonDocuments,
    private readonly outermost: Outermost,
    /** Whether all values are parsed, also those that are not kept. */
    private readonly isChecked: boolean,
  ) {}

  /** Passes over an object. */
  object(window: JsonWindow, levels: number): JsonDocument {
    if (levels <= 0) throw tooDeep(window.at);
    const { documents, outermost } = this;
    const { place } = window;
    let members: Map<string, unknown> | null = new Map();
    let hasReplaced = false;
    for (const name of membersAt(window)) {
      if (members === null) {
        this.pass(window, levels - 1);
        continue;
      }
      const value = this.member(window, levels - 1);
      const replaced = members.get(name);
      hasReplaced ||= replaced instanceof JsonList || replaced instanceof JsonDocument;
      members.set(name, value);
      this.kept += name.length;
      if (this.kept > documents.limits.longest) members = null;
    }
    return new JsonDocument(documents, outermost, place, levels, members, hasReplaced);
  }

  /** Passes over a value that is not kept. */
  pass(window: JsonWindow, levels: number): void {
    const { documents, outermost, isChecked } = this;
    const short = endOfValue(window, levels, documents.limits.streamed);
    if (short === undefined && window.character === '{') {
      new Survey(documents, outermost, isChecked).object(window, levels);
      return;
    }
    const end = short ?? endOfValue(window, levels);
    if (isChecked) parsed(window, end, levels);
    else window.moveTo(end);
  }

  private member(window: JsonWindow, levels: number): unknown {
    const end = endOfValue(window, levels, this.documents.limits.kept);
    if (end === undefined && window.character === '{') return this.object(window, levels);
    if (end === undefined && window.character === '[') return this.list(window, levels);
    return this.keep(window, end ?? endOfValue(window, levels), levels);
  }

  private list(window: JsonWindow, levels: number): JsonList {
    if (levels <= 0) throw tooDeep(window.at);
    const { place } = window;
    let length = 0;
    let first: unknown;
    for (const _ of elementsAt(window)) {
      if (length === 0) first = this.first(window, levels - 1);
      else this.pass(window, levels - 1);
      length++;
    }
    return new JsonList(this.documents, this.outermost, place, levels, length, first);
  }

  private first(window: JsonWindow, levels: number): unknown {
    const end = endOfValue(window, levels, this.documents.limits.streamed);
    if (end === undefined && window.character === '{') return this.object(window, levels);
    return this.keep(window, end ?? endOfValue(window, levels), levels);
  }

  private keep(window: JsonWindow, end: number, levels: number): unknown {
    this.kept += end - window.at;
    return parsed(window, end, levels);
  }
}

/** Stops at each element of the list at the window's place. The caller moves the window past the element. */
function* elementsAt(window: JsonWindow): Generator<void> {
  window.step();
  if (window.character !== ']')
    for (;;) {
      yield;
      window.skipSpace();
      if (window.character === ']') break;
      if (window.character !== ',') throw unfinished('[', window.text, window.at);
      window.step();
    }
  window.moveTo(window.at + 1);
}

/** Stops at the value of each member of the object at the window's place, with its name. The caller moves past the value. */
function* membersAt(window: JsonWindow): Generator<string> {
  window.step();
  if (window.character !== '}')
    for (;;) {
      yield nameAt(window);
      window.skipSpace();
      if (window.character === '}') break;
      if (window.character !== ',') throw unfinished('{', window.text, window.at);
      window.step();
    }
  window.moveTo(window.at + 1);
}

/** Reads the name of a member and moves to its value. */
function nameAt(window: JsonWindow): string {
  const { text, at } = window;
  if (text[at] !== '"')
    throw new JsonError(at, `expected a field name in double quotes, found ${found(text, at)}`);
  const name = parsed(window, endOfValue(window, 1), 1);
  window.skipSpace();
  if (window.character !== ':')
    throw new JsonError(
      window.at,
      `expected a colon after a field name, found ${found(window.text, window.at)}`,
    );
  window.step();
  return String(name);
}
