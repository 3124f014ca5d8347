// Joins the slices of long conversations. Tools that prepare ShareGPT's conversations for a model cut them: `abc_0`, `abc_4`,
// ... are slices of the conversation abc, numbered by their first message. Others number the slices themselves: `abc_0`,
// `abc_1`. Records that are only numbered have such ids, too, and are left alone.

import { isRecord } from '../objects.js';
import type { PlacedRecord, Rejected } from './reader.js';
import { inLowerCase } from './readers/record.js';
import type { Tally } from './tally.js';

/** Lists of messages that are cut. */
const lists = ['conversations', 'data'] as const;
/** More slices than this that are numbered one by one are not slices: the records are only numbered. */
const mostSlices = 20;
const mostMessages = 10_000;
/** Words that stand before the number of a record. */
const counted =
  /(?:^|[-_ .\d])(?:identity|id|conv|conversation|chat|dialog|dialogue|session|train|valid|validation|test|dev|eval|split|sample|example|item|row|record|line|entry|data|user|human|gpt|sharegpt|qa|turn|message|part|doc)s?$/i;

interface Slice {
  readonly record: PlacedRecord;
  /** The id without its number. */
  readonly stem: string;
  readonly index: number;
  readonly list: (typeof lists)[number];
  readonly messages: readonly unknown[];
  /** All other fields. Slices of one conversation have the same. */
  readonly rest: string;
}

/** The records, with slices that follow each other as one record. */
export function* joinedSlices(
  records: Iterable<PlacedRecord | Rejected>,
  tally: Tally,
): Generator<PlacedRecord | Rejected> {
  let run = new Run();
  /** What stands before the number in the ids of records that are only numbered. */
  let counter: string | undefined;
  for (const record of records) {
    const slice = 'rejected' in record ? undefined : sliceOf(record);
    if (slice && slice.stem !== counter) {
      if (!run.take(slice)) {
        yield* run.records(tally);
        run = new Run();
        run.take(slice);
      }
      if (!run.isTooLong) continue;
      counter = slice.stem;
      yield* run.records(tally);
      run = new Run();
      continue;
    }
    yield* run.records(tally);
    run = new Run();
    yield record;
  }
  yield* run.records(tally);
}

function sliceOf(record: PlacedRecord): Slice | undefined {
  if (!isRecord(record.value)) return undefined;
  const { id } = record.value;
  const [, stem, number] = (typeof id === 'string' && /^(.{1,200})_(\d{1,6})$/s.exec(id)) || [];
  if (stem === undefined) return undefined;
  const fields = inLowerCase(record.value);
  const list = lists.find((name) => Array.isArray(fields[name]));
  const messages = list && fields[list];
  if (!list || !Array.isArray(messages)) return undefined;
  const rest = JSON.stringify({ ...fields, id: null, [list]: null });
  return { record, stem, index: Number(number), list, messages, rest };
}

/** Slices that follow each other. */
class Run {
  private readonly slices: Slice[] = [];
  private messages = 0;
  private isByMessages = true;

  get length(): number {
    return this.slices.length;
  }

  /** Longer than any conversation whose slices are numbered one by one. */
  get isTooLong(): boolean {
    return !this.isByMessages && this.length > mostSlices;
  }

  /** Whether the ids count records rather than slices. */
  private get isNumbered(): boolean {
    return !this.isByMessages && (this.isTooLong || counted.test(this.slices[0]?.stem ?? ''));
  }

  /** @returns false if the slice does not continue those before. */
  take(slice: Slice): boolean {
    const last = this.slices.at(-1);
    if (last && !this.continues(last, slice)) return false;
    if (last) this.isByMessages &&= slice.index === last.index + last.messages.length;
    this.slices.push(slice);
    this.messages += slice.messages.length;
    return true;
  }

  private continues(last: Slice, { stem, list, index, messages, rest }: Slice): boolean {
    const isSame = stem === last.stem && list === last.list && rest === last.rest;
    const isNext = index === last.index + last.messages.length || index === last.index + 1;
    return isSame && isNext && this.messages + messages.length <= mostMessages;
  }

  *records(tally: Tally): Generator<PlacedRecord> {
    const [first] = this.slices;
    if (!first || this.length === 1 || this.isNumbered) {
      for (const { record } of this.slices) yield record;
      return;
    }
    tally.count('joinedSlice', this.length - 1);
    const { value, line } = first.record;
    const fields = { ...inLowerCase(isRecord(value) ? value : {}), id: undefined };
    yield { value: { ...fields, [first.list]: this.slices.flatMap(({ messages }) => messages) }, line };
  }
}
