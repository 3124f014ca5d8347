// Values out of JSON, YAML and the like, whose shape nobody has checked yet.

export type Fields = Readonly<Record<string, unknown>>;

/** Whether it is an object with named fields: no array, not null. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
