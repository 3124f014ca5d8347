// What a run leaves behind that must be the same after every interruption.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Everything in a run's folder that can be compared: all except measured times. */
export function substance(folder: string) {
  const checkpoints = readdirSync(folder).filter((name) => name.startsWith('checkpoint-'));
  const newest = checkpoints.sort((a, b) => Number(a.slice(11)) - Number(b.slice(11))).at(-1) ?? '';
  const state: Record<string, unknown> = JSON.parse(
    readFileSync(join(folder, newest, 'trainer_state.json'), 'utf8'),
  );
  const metrics = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  const timeless = (record: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(record).filter(([key]) => !/seconds|per_second/.test(key) || key === 'evaluated_step'),
    );
  return {
    newest,
    model: readFileSync(join(folder, 'model.safetensors')),
    newestModel: readFileSync(join(folder, newest, 'model.safetensors')),
    optimizer: readFileSync(join(folder, newest, 'optimizer.safetensors')),
    state: timeless(state),
    metrics: metrics.map(timeless),
  };
}
