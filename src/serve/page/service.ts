// Speaks to the service that the page comes from: POST /chat as a stream of events, and feedback.

import type { ChatEvent, ChatRequest, Feedback } from '../chat-protocol.js';
import { kept } from './conversations.js';
import { word } from './words.js';

/** What went wrong, in words for the reader. */
export class Trouble extends Error {}

/**
 * Sends a message and gives the events of its reply as they come.
 * @throws Trouble; AbortError when the signal aborts.
 */
export async function* chat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const response = await post('/chat', { ...request, stream: true }, signal);
  let isWhole = false;
  for await (const data of eventsOf(response)) {
    if (data === '[DONE]') return;
    const event: ChatEvent = JSON.parse(data);
    if ('error' in event) throw new Trouble(event.error.message);
    isWhole ||= 'response' in event;
    yield event;
  }
  if (!isWhole) throw new Trouble(word('cut'));
}

export async function giveFeedback(feedback: Feedback): Promise<void> {
  await post('/v1/feedback', feedback, AbortSignal.timeout(20_000));
}

/** The name of what answers; null if the service does not say. */
export async function modelName(): Promise<string | null> {
  try {
    const response = await fetch('/v1/models', { headers: headers() });
    const { data } = await response.json();
    return typeof data?.[0]?.id === 'string' ? data[0].id : null;
  } catch {
    return null;
  }
}

async function post(path: string, body: object, signal: AbortSignal): Promise<Response> {
  const request = { method: 'POST', headers: headers(), body: JSON.stringify(body), signal };
  const response = await fetch(path, request).catch((thrown: unknown) => {
    throw signal.aborted ? thrown : new Trouble(word('offline'));
  });
  if (response.status === 401) throw new Trouble(word('unauthorized'));
  if (!response.ok) throw new Trouble(sentenceOf(await response.text(), response.status));
  return response;
}

function headers(): Record<string, string> {
  const key = kept('chatbot-key');
  return { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) };
}

/** `{"error":{"message"}}`, or FastAPI's `{"detail":[{"msg"}]}`. */
function sentenceOf(body: string, status: number): string {
  try {
    const { error, detail } = JSON.parse(body);
    const message: unknown = error?.message ?? detail?.[0]?.msg ?? detail;
    if (typeof message === 'string') return message;
  } catch {
    // A proxy's page.
  }
  return `${word('offline')} (${status})`;
}

/** The data of server-sent events. Comments and other fields are left out. */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read().catch((thrown: unknown) => {
      throw thrown instanceof DOMException ? thrown : new Trouble(word('cut'));
    });
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
}
