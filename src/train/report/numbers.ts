// Number formats of the report: in English, a few digits. NaN is shown as a dash.

export const dash = '–';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Four significant digits, without trailing zeros: 2.013, 0.75, 12,345, 5e-5. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return dash;
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return value > 0 ? '∞' : '−∞';
  if (size >= 1e7 || (size > 0 && size < 1e-3))
    return withoutZeros(value.toExponential(3)).replace('e+', 'e');
  return size >= 1000 ? grouped.format(value) : withoutZeros(value.toPrecision(4));
}

/** Removes the trailing zeros of the fraction, before an exponent or the end. */
function withoutZeros(digits: string): string {
  return digits.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

/** 0.4 s, 52 s, 3 min 5 s, 2 h 7 min. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return dash;
  if (seconds < 10) return `${formatNumber(Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
/** At most `count` of the entries, evenly spaced, including the first and the last. */
/** At most `count` of the entries, evenly spread, the first and the last among them. */
export function evenly<T>(entries: readonly T[], count: number): readonly T[] {
  if (entries.length <= count) return entries;
  const stride = (entries.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => entries[Math.round(i * stride)]).filter(
    (e) => e !== undefined,
  );
}
