// Texts of a SQLite file that somebody else may have written or damaged. libsql ends the process when a text is not UTF-8, so
// texts are asked for as bytes and decoded here.

/** @returns the query with all texts of its rows as bytes. @param columns the names of its columns. */
export function withTextsAsBytes(query: string, columns: readonly string[]): string {
  const safe = columns.map(
    (name) =>
      `case typeof("${name}") when 'text' then cast("${name}" as blob) else "${name}" end as "${name}"`,
  );
  return `select ${safe.join(', ')} from (${query})`;
}

/** A row of such a query, with its texts. What is not UTF-8 becomes U+FFFD. */
export function decodedRow<Row>(row: Row): Row {
  const entries = Object.entries(row as object);
  return Object.fromEntries(entries.map(([name, value]) => [name, decoded(value)])) as Row;
}

/** A value of such a row. libsql gives bytes as one of these two. */
export function decoded(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('utf8');
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
}
