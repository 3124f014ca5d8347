// Numbers as people read them on a page.

/** `1234567` -> `1,234,567`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3}){1,6}$)/g, ',');
}
