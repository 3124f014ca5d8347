// Why a request brought no answer, in words.

const reasons: Readonly<Record<string, string>> = {
  PRIVATE_ADDRESS: 'the name of the site now leads to a private address',
  ENOTFOUND: 'no server has this name',
  EAI_AGAIN: 'the name of the site cannot be looked up at the moment',
  ECONNREFUSED: 'the server refuses connections',
  ECONNRESET: 'the server broke off the connection',
  UND_ERR_SOCKET: 'the server broke off the connection',
  UND_ERR_CONNECT_TIMEOUT: 'the server does not answer',
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
