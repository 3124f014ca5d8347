// What POST /chat and POST /v1/feedback take and give, for the routes and for the chat page. Types only: the routes check.

/** The body of POST /chat. */
export interface ChatRequest {
  readonly text: string;
  /** Who speaks; facts are remembered for them. */
  readonly user?: string;
  /** The id of an earlier reply's conversation; without it, a new one begins. */
  readonly conversation?: string;
  readonly style?: string;
  /** The id of the conversation's last reply: this message stands in the place of the one that got it. The same text again asks for another reply. */
  readonly replaces?: string;
  /** Server-sent events instead of one object. */
  readonly stream?: boolean;
}

/** The answer to POST /chat. */
export interface ChatResponse {
  readonly response: string;
  /** Of this reply, for feedback. */
  readonly id: string;
  readonly conversation: string;
  /** `rules: opening-hours`, `retrieval: faq.csv:12`, `model`, `fallback`. */
  readonly source: string;
  /** The name of the model or bot that answered. */
  readonly model: string;
}

/**
 * With `stream`, each event is one of these as JSON: first the ids, then pieces of the response, then the whole response, then
 * `[DONE]`. All pieces together are the response. After an error nothing follows.
 */
export type ChatEvent =
  | { readonly id: string; readonly conversation: string }
  | { readonly piece: string }
  | ChatResponse
  | { readonly error: ChatError };

export interface ChatError {
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
}

/** The body of POST /v1/feedback. What is given last for a reply counts. */
export interface Feedback {
  /** Of the reply. */
  readonly id: string;
  readonly rating: 'up' | 'down' | 1 | 2 | 3 | 4 | 5;
  readonly comment?: string;
  /** What the bot should have said. */
  readonly better_reply?: string;
}
