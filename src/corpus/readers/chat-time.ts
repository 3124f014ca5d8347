// Times as chat exports and corpora write them.

/**
 * Milliseconds since 1970, or null if `value` is no time. A number is in seconds if it is a plausible time in seconds, and
 * otherwise in milliseconds. A text without a zone counts as UTC, so that the result does not depend on the machine.
 */
export function timeOf(value: unknown): number | null {
  if (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value.trim())) return timeOf(Number(value));
  if (typeof value === 'number') return ofNumber(value);
  if (typeof value !== 'string') return null;
  const text = value.trim().replace(/^(\d{4}-\d\d-\d\d) /, '$1T');
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(text);
  const time = Date.parse(hasZone || !/T\d/.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? null : time;
}

/** 1e11 seconds are the year 5138, 1e11 milliseconds are in 1973. */
function ofNumber(value: number): number | null {
  if (!Number.isFinite(value) || value <= 0 || value > 1e15) return null;
  return Math.round(value < 1e11 ? value * 1000 : value);
}
