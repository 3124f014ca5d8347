// Why a request brought no answer, in words.

const reasons: Readonly<Record<string, string>> = {
  PRIVATE_ADDRESS: 'the name of the site now leads to a private address',
  ENOTFOUND: 'no server has this name',
  ECONNREFUSED: 'the server refuses connections',
};

/** @param thrown by fetch. */
export function failureReason(thrown: unknown): string {
  const code = failureCode(thrown);
  if (code === undefined) return 'no connection';
  return reasons[code] ?? `no connection: ${code}`;
}

/** The code of the innermost cause that has one. */
export function failureCode(thrown: unknown): string | undefined {
  let found: string | undefined;
  for (let error = thrown; error instanceof Error; error = error.cause)
    if ('code' in error && typeof error.code === 'string') found = error.code;
  return found;
}
