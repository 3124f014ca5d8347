// Matches a message with an expression in time that is linear in the message: no step of the program is tried twice at one
// position. Among several ways to match, the first one that is written wins, as in ordinary regular expressions.
//
// Patterns (pattern.ts) and regular expressions (regex.ts) both become expressions, so nothing that a person writes into a
// bot file can run away.

import { characterAt, type Message } from './message.js';

export type Expression =
  /** In lower case, compared with the message in lower case. */
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'character'; readonly test: (character: string) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'repeat';
      readonly part: Expression;
      readonly least: number;
      /** Null: any number. */
      readonly most: number | null;
      readonly lazy: boolean;
    }
  | { readonly kind: 'assertion'; readonly holds: (text: string, at: number) => boolean }
  /** Takes a part of the text that ends at one of the positions, tried in their order. */
  | { readonly kind: 'taker'; readonly ends: (message: Message, at: number) => readonly number[] }
  /** Remembers what its part matches. */
  | { readonly kind: 'capture'; readonly name: string; readonly part: Expression };

/** What captures matched: start and end, by name. */
export type Captures = ReadonlyMap<string, readonly [start: number, end: number]>;

/** Work that is left for a message, in steps of programs. Shared by all rules, so that many of them stay bounded too. */
export interface Budget {
  steps: number;
}

export class BudgetSpent extends Error {}

/** Steps for one message: some tenths of a second. */
export const stepsOfMessage = 10_000_000;

/** An expression that needs more steps is refused. */
export const mostSteps = 5000;

export class ProgramTooLarge extends Error {}

type Step =
  | { readonly op: 'literal'; readonly text: string }
  | { readonly op: 'character'; readonly test: (character: string) => boolean }
  | { readonly op: 'assertion'; readonly holds: (text: string, at: number) => boolean }
  | { readonly op: 'taker'; readonly ends: (message: Message, at: number) => readonly number[] }
  | { readonly op: 'fork'; to: readonly number[] }
  | { readonly op: 'save'; readonly register: number }
  | { readonly op: 'matched' };

export class Program {
  private readonly steps: Step[] = [];
  /** The register of each capture's start; its end is in the next one. */
  private readonly registers: { readonly name: string; readonly register: number }[] = [];
  /** Every message that matches has one of these; null: nothing is known. Most messages are told apart by that alone. */
  readonly needs: readonly string[] | null;

  /**
   * @param search true: the expression may begin and end anywhere. False: it must match the whole range.
   * @throws ProgramTooLarge
   */
  constructor(
    expression: Expression,
    private readonly search: boolean,
  ) {
    this.compile(expression);
    this.add({ op: 'matched' });
    this.needs = literalsNeeded(expression);
  }

  private add(step: Step): number {
    if (this.steps.length >= mostSteps) throw new ProgramTooLarge();
    return this.steps.push(step) - 1;
  }

  private addFork(): { readonly op: 'fork'; to: readonly number[] } {
    const fork: { readonly op: 'fork'; to: readonly number[] } = { op: 'fork', to: [] };
    this.add(fork);
    return fork;
  }

  private compile(expression: Expression): void {
    switch (expression.kind) {
      case 'literal':
        this.add({ op: 'literal', text: expression.text });
        return;
      case 'character':
        this.add({ op: 'character', test: expression.test });
        return;
      case 'assertion':
        this.add({ op: 'assertion', holds: expression.holds });
        return;
      case 'taker':
        this.add({ op: 'taker', ends: expression.ends });
        return;
      case 'sequence':
        for (const part of expression.parts) this.compile(part);
        return;
      case 'choice':
        this.compileChoice(expression.parts);
        return;
      case 'repeat':
        this.compileRepeat(expression);
        return;
      case 'capture':
        this.compileCapture(expression.name, expression.part);
        return;
      default:
        expression satisfies never;
    }
  }

  private compileChoice(parts: readonly Expression[]): void {
    const fork = this.addFork();
    const ways: number[] = [];
    const ends: { to: readonly number[] }[] = [];
    for (const part of parts) {
      ways.push(this.steps.length);
      this.compile(part);
      ends.push(this.addFork());
    }
    fork.to = ways;
    for (const end of ends) end.to = [this.steps.length];
  }

  private compileRepeat({ part, least, most, lazy }: Expression & { readonly kind: 'repeat' }): void {
    for (let count = 0; count < least; count++) this.compile(part);
    if (most === null) {
      const start = this.steps.length;
      const fork = this.addFork();
      this.compile(part);
      this.addFork().to = [start];
      fork.to = ordered(start + 1, this.steps.length, lazy);
      return;
    }
    const forks: { readonly fork: { to: readonly number[] }; readonly inside: number }[] = [];
    for (let count = least; count < most; count++) {
      forks.push({ fork: this.addFork(), inside: this.steps.length });
      this.compile(part);
    }
    for (const { fork, inside } of forks) fork.to = ordered(inside, this.steps.length, lazy);
  }

  private compileCapture(name: string, part: Expression): void {
    const register = 2 * this.registers.length;
    this.registers.push({ name, register });
    this.add({ op: 'save', register });
    this.compile(part);
    this.add({ op: 'save', register: register + 1 });
  }

  /** @returns null when it does not match. @throws BudgetSpent */
  match(message: Message, from: number, to: number, budget: Budget): Captures | null {
    if (--budget.steps < 0) throw new BudgetSpent();
    if (this.needs && !this.needs.some((literal) => message.folded.includes(literal))) return null;
    const visited = new Visited(this.steps.length, from, to);
    const lastStart = this.search ? to : from;
    for (let start = from; start <= lastStart; start++) {
      const saved = this.matchFrom(start, message, to, visited, budget);
      if (saved) return this.captures(saved);
    }
    return null;
  }

  private captures(saved: readonly number[]): Captures {
    const found = new Map<string, readonly [number, number]>();
    for (const { name, register } of this.registers) {
      const [start = -1, end = -1] = saved.slice(register, register + 2);
      if (start >= 0 && end >= 0) found.set(name, [start, end]);
    }
    return found;
  }

  // A depth-first search that keeps its own stack: with recursion, a long message would overflow the call stack.
  private matchFrom(
    start: number,
    message: Message,
    to: number,
    visited: Visited,
    budget: Budget,
  ): readonly number[] | null {
    const saved: number[] = new Array(2 * this.registers.length).fill(-1);
    // Pairs: a step and a position to continue from, or -1 - register and the value to restore.
    const stack: number[] = [0, start];
    while (stack.length > 0) {
      const at = stack.pop() ?? 0;
      const index = stack.pop() ?? 0;
      if (index < 0) {
        saved[-1 - index] = at;
        continue;
      }
      if (visited.again(index, at)) continue;
      if (--budget.steps < 0) throw new BudgetSpent();
      const step = this.steps[index];
      switch (step?.op) {
        case 'literal': {
          const end = at + step.text.length;
          if (end <= to && message.folded.startsWith(step.text, at)) stack.push(index + 1, end);
          break;
        }
        case 'character': {
          const character = at < to ? characterAt(message.folded, at) : '';
          if (character !== '' && step.test(character)) stack.push(index + 1, at + character.length);
          break;
        }
        case 'assertion':
          if (step.holds(message.folded, at)) stack.push(index + 1, at);
          break;
        case 'taker':
          for (const end of step.ends(message, at).toReversed())
            if (end > at && end <= to) stack.push(index + 1, end);
          break;
        case 'fork':
          for (let way = step.to.length - 1; way >= 0; way--) stack.push(step.to[way] ?? 0, at);
          break;
        case 'save':
          stack.push(-1 - step.register, saved[step.register] ?? -1, index + 1, at);
          saved[step.register] = at;
          break;
        case 'matched':
          if (this.search || at === to) return saved;
          break;
        default:
          step satisfies undefined;
      }
    }
    return null;
  }
}

function ordered(inside: number, after: number, lazy: boolean): readonly number[] {
  return lazy ? [after, inside] : [inside, after];
}

const mostNeeded = 32;

/** Of a sequence, the part is taken whose shortest literal is longest: it is the rarest. */
function literalsNeeded(expression: Expression): readonly string[] | null {
  switch (expression.kind) {
    case 'literal':
      return [expression.text];
    case 'capture':
      return literalsNeeded(expression.part);
    case 'repeat':
      return expression.least > 0 ? literalsNeeded(expression.part) : null;
    case 'sequence':
      return expression.parts
        .map(literalsNeeded)
        .reduce((best, next) => (next && shortest(next) > shortest(best) ? next : best), null);
    case 'choice': {
      const ways = expression.parts.map(literalsNeeded);
      const all = ways.flatMap((way) => way ?? []);
      return all.length <= mostNeeded && ways.every((way) => way !== null) ? all : null;
    }
    default:
      return null;
  }
}

function shortest(literals: readonly string[] | null): number {
  return literals ? Math.min(...literals.map(({ length }) => length)) : 0;
}

/** Which steps were tried at which positions. */
class Visited {
  private readonly bits: Uint32Array;
  private readonly width: number;

  constructor(
    steps: number,
    private readonly from: number,
    to: number,
  ) {
    this.width = to - from + 1;
    this.bits = new Uint32Array(Math.ceil((steps * this.width) / 32));
  }

  /** Marks it, and says whether it was marked before. */
  again(step: number, at: number): boolean {
    const bit = step * this.width + at - this.from;
    const [word, mask] = [bit >>> 5, 1 << (bit & 31)];
    const marked = this.bits[word] ?? 0;
    this.bits[word] = marked | mask;
    return (marked & mask) !== 0;
  }
}
