// The conversations that this browser keeps. Where it keeps nothing (private windows, some embedded pages), they live as long
// as the page.

export interface Turn {
  readonly who: 'you' | 'bot';
  readonly text: string;
  /** Of a reply that the service knows. */
  readonly id?: string;
  readonly source?: string;
  readonly isCut?: boolean;
  readonly rating?: 'up' | 'down' | 1 | 2 | 3 | 4 | 5;
}

export interface Conversation {
  readonly key: string;
  /** The service's id; null before the first reply. */
  id: string | null;
  turns: Turn[];
  changed: number;
}

const most = 100;
const place = 'chatbot-conversations';

/** What the browser keeps under a name; null if nothing, or if it keeps nothing. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Full or forbidden: the page goes on without.
  }
}

export class Conversations {
  /** Newest first. */
  private all: Conversation[] = read();

  get list(): readonly Conversation[] {
    return this.all;
  }

  begin(): Conversation {
    return {
      key: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      id: null,
      turns: [],
      changed: Date.now(),
    };
  }

  /** Keeps a conversation as it is now, beside what other windows have kept. */
  save(conversation: Conversation): void {
    conversation.changed = Date.now();
    const others = read().filter(({ key }) => key !== conversation.key);
    this.write(conversation.turns.length > 0 ? [conversation, ...others] : others);
  }

  delete(key: string): void {
    this.write(read().filter((conversation) => conversation.key !== key));
  }

  clear(): void {
    this.write([]);
  }

  /** Conversations as one dialogue a line, in the format that training reads. */
  exported(): string {
    const lines = this.all.map(({ turns }) =>
      JSON.stringify({
        messages: turns.map(({ who, text }) => ({
          role: who === 'you' ? 'user' : 'assistant',
          content: text,
        })),
      }),
    );
    return lines.map((line) => `${line}\n`).join('');
  }

  private write(conversations: readonly Conversation[]): void {
    this.all = conversations.slice(0, most);
    keep(place, JSON.stringify(this.all));
  }
}

/** What is not in our form is left out: other versions of the page may have written it. */
function read(): Conversation[] {
  try {
    const found: unknown = JSON.parse(kept(place) ?? '[]');
    return Array.isArray(found) ? found.filter(isConversation) : [];
  } catch {
    return [];
  }
}

function isConversation(value: unknown): value is Conversation {
  if (typeof value !== 'object' || value === null) return false;
  const { key, id, turns } = value as Partial<Conversation>;
  const isTurn = (turn: unknown) =>
    typeof turn === 'object' &&
    turn !== null &&
    'who' in turn &&
    'text' in turn &&
    typeof turn.text === 'string';
  return (
    typeof key === 'string' &&
    (id === null || typeof id === 'string') &&
    Array.isArray(turns) &&
    turns.every(isTurn)
  );
}
