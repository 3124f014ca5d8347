// Runs the programs of measurements in rounds within a time limit. In each round every program runs once, ours and the
// peers' in turns, so that a busy moment of the machine affects both, and so that a run that ends early has measured
// everything once before it measures anything twice. Knows no measurement.

import { loadavg } from 'node:os';
import { messageOf } from '../src/errors.js';
import { type Outcome, runStep, type Step } from './gpu-check/step.js';
import type { Measurement, Program, Results } from './measurement.js';

/** The outcome of one program in one round. */
export interface Measured extends Outcome {
  readonly subject: string;
  readonly measurement: string;
  readonly label: string;
  readonly round: number;
  /** The load average of the minute before. */
  readonly load: number;
  /** The result in a few words, if the program passed; otherwise why not. */
  readonly summary: string;
}

/** A measurement, and the subject that it belongs to. */
export interface Planned {
  readonly subject: string;
  readonly measurement: Measurement;
}

export interface RoundsOptions {
  readonly rounds: number;
  /** Seconds left for all programs. */
  left(): number;
  /** Ends the rounds. The program that runs then has no outcome; the caller ends its process. */
  readonly interrupted: AbortSignal;
  /** Called with each outcome when it is there. */
  done(measured: Measured): void;
  /** Default: in a separate process. */
  readonly run?: typeof runStep;
}

/** The results of one measurement among outcomes. */
export function resultsOf(outcomes: readonly Measured[], measurement: string): Results {
  return {
    of: <Result>({ label }: Program<Result>) =>
      outcomes
        .filter((outcome) => outcome.measurement === measurement && outcome.label === label)
        .filter(({ status }) => status === 'passed')
        .map(({ result }) => result as Result),
  };
}

/** A program that cannot run, failed or exceeded its own time limit is not started again in later rounds. */
export async function runRounds(plan: readonly Planned[], options: RoundsOptions): Promise<void> {
  const outcomes: Measured[] = [];
  for (let round = 1; round <= options.rounds; round++)
    for (const planned of plan) {
      const turns = turnsOf(planned, round, outcomes);
      const expected = turns.reduce((sum, { longest }) => sum + longest, 0);
      // A round of a measurement is whole: otherwise ours would have rounds in which the peers were not measured.
      const fits = expected <= options.left();
      for (const turn of turns) {
        const measured = await runOnce(turn, fits ? options.left() : 0, options.run ?? runStep);
        if (options.interrupted.aborted) return;
        outcomes.push(measured);
        options.done(measured);
      }
    }
}

interface Turn extends Planned {
  readonly program: Program;
  readonly round: number;
  /** The seconds that the program took so far at most. */
  readonly longest: number;
  /** Of the measurement so far. */
  readonly results: Results;
}

/** @param outcomes those so far; more are added while the turns are taken. */
function turnsOf(planned: Planned, round: number, outcomes: readonly Measured[]): Turn[] {
  const { name, programs } = planned.measurement;
  return programs.flatMap((program) => {
    const earlier = outcomes.filter(
      ({ measurement, label }) => measurement === name && label === program.label,
    );
    const worked = earlier.every(({ status }) => status === 'passed' || status === 'no time left');
    if (!worked || round > (program.rounds ?? round)) return [];
    const longest = Math.max(0, ...earlier.map(({ seconds }) => seconds));
    return { ...planned, program, round, longest, results: resultsOf(outcomes, name) };
  });
}

/** @param left seconds for the program. */
async function runOnce(turn: Turn, left: number, run: typeof runStep): Promise<Measured> {
  const { subject, measurement, program, round } = turn;
  const [load = 0] = loadavg();
  const step = stepOf(turn);
  const outcome = await run(step, left);
  const about = { subject, measurement: measurement.name, label: program.label, round, load };
  if (outcome.status === 'timed out' && left < step.limitSeconds)
    return { ...about, ...outcome, status: 'no time left', summary: 'the time limit of the whole run' };
  if (outcome.status !== 'passed') return { ...about, ...outcome, summary: reason(outcome.words) };
  try {
    return { ...about, ...outcome, summary: program.value(outcome.result) };
  } catch (thrown) {
    const summary = `its result cannot be read: ${messageOf(thrown)}`;
    return { ...about, ...outcome, status: 'failed', summary };
  }
}

function stepOf({ measurement, program, results }: Turn): Step {
  const { label, part, command, limitSeconds } = program;
  const args = typeof program.args === 'function' ? program.args(results) : program.args;
  const notOffered = program.notOffered ?? (args ? undefined : 'the program whose result it needs gave none');
  return {
    name: `${measurement.name}, ${label}`,
    part,
    series: `${measurement.name}, ${label}`,
    command,
    args: args ?? [],
    limitSeconds,
    prints: 'program',
    ...(notOffered !== undefined && { notOffered }),
  };
}

/** The line of a program's error text that says what is wrong: Python puts it last, Node.js surrounds it with others. */
function reason(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  const said = lines.findLast((line) => /^([\w.]*(Error|Exception)\b|\w+ \[\w*Error\]|error:)/.test(line));
  return (said ?? lines[0] ?? '').trim().slice(0, 200);
}
