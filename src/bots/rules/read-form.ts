// Reads forms: their slots in order, how each is asked for and checked, and what is said at the end.

import { createHash } from 'node:crypto';
import type { Node } from 'yaml';
import type { YamlFile, YamlNode } from '../../files/yaml-file.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { normalize } from '../normalize.js';
import { defaultCancel, type Form, type FormSlot } from './bot-file.js';
import { nameOf } from './names.js';
import { type RuleReader, triggerKeys } from './read-rule.js';
import type { SlotKind } from './slots.js';

const formKeys = [
  ...triggerKeys,
  ...(['slots', 'confirm', 'answer', 'cancel', 'interrupt', 'tries', 'expires_after_minutes'] as const),
] as const;
const slotKeys = ['kind', 'ask', 'hint', 'regex', 'least', 'most'] as const;

const mostSlots = 50;
const minute = 60_000;
const farNumber = 1e15;

export class FormReader {
  constructor(
    private readonly yaml: YamlFile,
    private readonly rules: RuleReader,
  ) {}

  form(key: Node, node: YamlNode): Form {
    const { yaml, rules } = this;
    const name = nameOf(yaml, key, 'a form');
    const written = yaml.fields(node, formKeys);
    if (written.slots === undefined)
      throw yaml.wrong(key, `is the form ${quoted(name)} without ${quoted('slots')}; add what it asks for`);
    const slots = yaml.pairs(written.slots).map(([slotKey, slot]) => this.slot(slotKey, slot));
    if (slots.length === 0 || slots.length > mostSlots)
      throw yaml.wrong(
        written.slots,
        `has ${slots.length} slots, but a form must have from 1 to ${mostSlots}`,
      );
    if (written.answer === undefined)
      rules.error(
        key,
        `is the form ${quoted(name)} without ${quoted('answer')}; add what is said at its end`,
      );
    const optional = <Value>(value: YamlNode, preset: Value, read: (value: YamlNode) => Value) =>
      value === undefined ? preset : read(value);
    return {
      ...rules.trigger(name, key, written),
      kind: 'form',
      slots,
      confirm: optional(written.confirm, null, (value) => rules.answers(value)),
      answers: rules.answers(written.answer),
      cancel: new Set(
        optional(written.cancel, defaultCancel, (value) =>
          yaml.oneOrMore(value).map((item) => yaml.filled(item)),
        ).map(normalize),
      ),
      interrupt: optional(written.interrupt, true, (value) => this.yesOrNo(value)),
      tries: optional(written.tries, 3, (value) =>
        Math.floor(yaml.number(value, 'a number of tries', 1, 100)),
      ),
      expiresAfterMilliseconds:
        minute *
        optional(written.expires_after_minutes, 60, (value) => yaml.number(value, 'a time', 1, 525_600)),
      version: versionOf(slots, written.confirm !== undefined),
    };
  }

  private slot(key: Node, node: YamlNode): FormSlot {
    const { yaml, rules } = this;
    const name = nameOf(yaml, key, 'a slot');
    const written = yaml.fields(node, slotKeys);
    if (written.ask === undefined)
      throw yaml.wrong(
        key,
        `is the slot ${quoted(name)} without ${quoted('ask')}; add the question that asks for it`,
      );
    const kind = this.kind(name, written.kind, key);
    for (const bound of [written.least, written.most])
      if (bound !== undefined && kind.name !== 'number')
        throw yaml.wrong(bound, `bounds a slot of the kind ${quoted(kind.name)}; only numbers have bounds`);
    const number = (value: YamlNode) =>
      value === undefined ? null : yaml.number(value, 'a bound', -farNumber, farNumber);
    const [least, most] = [number(written.least), number(written.most)];
    if (least !== null && most !== null && least > most)
      throw yaml.wrong(written.least, `has a ${quoted('least')} above ${quoted('most')}; swap them`);
    return {
      name,
      place: yaml.place(key),
      kind,
      ask: rules.answers(written.ask),
      hint: written.hint === undefined ? null : rules.answers(written.hint),
      regex: written.regex === undefined ? null : this.regex(written.regex),
      least,
      most,
    };
  }

  private regex(node: YamlNode): FormSlot['regex'] {
    const source = this.yaml.filled(node);
    const read = this.rules.regex(node, source, false);
    return read && { program: read.program, source };
  }

  /** A slot that is named like a kind is of this kind. */
  private kind(name: string, node: YamlNode, key: Node): SlotKind {
    const wanted = node === undefined ? name : this.yaml.filled(node);
    const kind = this.rules.kinds.get(wanted);
    if (kind) return kind;
    const near = nearest(wanted, this.rules.kinds.keys());
    const advice = near ? `did you mean ${quoted(near)}?` : `use ${quoted('kind: text')} for any text`;
    throw this.yaml.wrong(node ?? key, `is a slot of the unknown kind ${quoted(wanted)}; ${advice}`);
  }

  private yesOrNo(node: YamlNode): boolean {
    const written = this.yaml.filled(node).toLowerCase();
    if (written === 'true' || written === 'yes') return true;
    if (written === 'false' || written === 'no') return false;
    throw this.yaml.wrong(node, `has ${quoted(written)}, but it must be true or false`);
  }
}

/** Of what the values of a form in progress depend on. Other words in its questions do not end it. */
function versionOf(slots: readonly FormSlot[], confirms: boolean): string {
  const parts = slots.map(({ name, kind, regex, least, most }) => [
    name,
    kind.name,
    regex?.source,
    least,
    most,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([parts, confirms]))
    .digest('hex')
    .slice(0, 16);
}
