// Numbers as people read them in a terminal.

import type { ExactMatch, ExactMatches } from '../train/events.js';

/** `1,234`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Four significant digits of a loss, rate or norm: `3.214`, `5e-5`. */
export function short(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e6) return value.toExponential(2).replace(/\.?0+e/, 'e');
  return value.toPrecision(4);
}

/** `83% of 541 trained questions, 10% of 60 held-out ones`; null without questions. */
export function exactMatchText({ trained, heldOut }: ExactMatches): string | null {
  const share = ({ exact, of }: ExactMatch) => `${Math.floor((100 * exact) / of)}% of ${count(of)}`;
  const parts = [
    trained && `${share(trained)} trained questions`,
    heldOut && `${share(heldOut)} held-out ${trained ? 'ones' : 'questions'}`,
  ];
  return parts.some((part) => part !== null) ? parts.filter((part) => part !== null).join(', ') : null;
}

/** `8s`, `3m 05s`, `2h 07m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}
