// Checks values from JSON, YAML and similar sources whose shape is unknown.

export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object with named fields, not an array and not null. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
