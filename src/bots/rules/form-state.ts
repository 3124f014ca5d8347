// Keeps forms in progress by conversation. It keeps some earlier steps too: when a person takes messages back, the form is
// where it was when the bot said its last remaining turn.

import { isRecord } from '../../objects.js';
import { languages } from '../language.js';
import { normalize } from '../normalize.js';
import type { Conversations } from '../store/store.js';
import type { Filling } from './form.js';

/** A turn of the bot, and where the form stood after it; null: none was in progress. */
export interface KeptStep {
  readonly said: string;
  readonly time: number;
  readonly filling: Filling | null;
}

export type StateStore = Pick<Conversations, 'state' | 'setState'>;

const key = 'form';
const mostSteps = 10;
/** Enough to tell turns apart. */
const longestSaid = 200;

const shortened = (text: string) => normalize(text).slice(0, longestSaid);

export class FormState {
  private constructor(
    private readonly store: StateStore,
    private readonly conversation: string,
    private readonly steps: readonly KeptStep[],
  ) {}

  /** @param turns of the conversation; its last one is the user's. */
  static async load(store: StateStore, conversation: string, turns: readonly string[]): Promise<FormState> {
    const steps = parsed(await store.state(conversation, key));
    const previous = turns.at(-2);
    const at = previous === undefined ? -1 : steps.findLastIndex(({ said }) => said === shortened(previous));
    return new FormState(store, conversation, steps.slice(0, at + 1));
  }

  /** The step that the message answers. */
  get current(): KeptStep | null {
    return this.steps.at(-1) ?? null;
  }

  async keep(step: KeptStep): Promise<void> {
    const steps = [...this.steps, { ...step, said: shortened(step.said) }].slice(-mostSteps);
    await this.store.setState(this.conversation, key, JSON.stringify(steps));
  }
}

/** What is not of this form was written by another version of the program, and counts as no form. */
function parsed(json: string | null): readonly KeptStep[] {
  if (json === null) return [];
  try {
    const steps: unknown = JSON.parse(json);
    return Array.isArray(steps) ? steps.slice(-mostSteps).flatMap((step) => stepOf(step) ?? []) : [];
  } catch {
    return [];
  }
}

function stepOf(step: unknown): KeptStep | null {
  if (!isRecord(step)) return null;
  const { said, time, filling } = step;
  if (typeof said !== 'string' || typeof time !== 'number') return null;
  if (filling === null) return { said, time, filling };
  const read = fillingOf(filling);
  return read && { said, time, filling: read };
}

function fillingOf(written: unknown): Filling | null {
  if (!isRecord(written)) return null;
  const { form, version, values, asked, failures } = written;
  const language = languages.find((one) => one === written.language);
  if (typeof form !== 'string' || typeof version !== 'string' || !language || !isRecord(values)) return null;
  if ((asked !== null && typeof asked !== 'string') || typeof failures !== 'number') return null;
  const texts = Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  return { form, version, language, values: texts, asked, failures };
}
