// The chat page: what happens when the reader types, stops, retries, edits, rates. It keeps conversations in the browser; the
// service keeps its own by their ids.

import type { ChatRequest } from '../chat-protocol.js';
import { type Conversation, Conversations, keep, kept, type Turn } from './conversations.js';
import { byId, element } from './elements.js';
import { fillIcons, icon } from './icons.js';
import { judged } from './judge.js';
import { chat, giveFeedback, modelName, Trouble } from './service.js';
import { type Actions, addTurn, showGrowing, showTurns } from './transcript.js';
import { fillWords, word } from './words.js';

fillWords();
fillIcons();

const message = byId<HTMLTextAreaElement>('message');
const send = byId<HTMLButtonElement>('send');
const stop = byId<HTMLButtonElement>('stop');
const trouble = byId('trouble');
const editing = byId('editing');
const past = byId('past');
const conversations = new Conversations();
let current: Conversation = conversations.begin();
/** Aborts the reply that grows; null when none does. */
let writing: AbortController | null = null;
let isEditing = false;

const actions: Actions = {
  async copy({ text }, button) {
    await navigator.clipboard.writeText(text);
    byId('status').textContent = word('copied');
    button.replaceChildren(icon('check'));
  },
  retry() {
    const asked = current.turns.at(-2);
    if (writing === null && asked?.who === 'you') void ask(asked.text, true);
  },
  edit({ text }) {
    isEditing = true;
    editing.hidden = false;
    message.value = text;
    grow();
    message.focus();
  },
  async thumb(turn, rating) {
    await rate(turn, { id: turn.id ?? '', rating });
  },
  async judge(turn) {
    const given = await judged(turn.id ?? '', turn.rating);
    if (given) await rate(turn, given);
  },
};

/** Sends a message and shows the reply while it grows. @param isAgain it stands in the place of the last message. */
async function ask(text: string, isAgain: boolean): Promise<void> {
  const conversation = current;
  const replaced = isAgain ? takeBack(conversation) : undefined;
  conversation.turns.push({ who: 'you', text });
  addTurn(conversation.turns, actions);
  showTrouble(null);
  const abort = new AbortController();
  setWriting(abort);
  showGrowing('');
  let reply: Turn = { who: 'bot', text: '' };
  let isWhole = false;
  try {
    for await (const event of chat(requestFor(conversation, text, replaced), abort.signal)) {
      if ('conversation' in event) {
        conversation.id = event.conversation;
        reply = { ...reply, id: event.id };
      }
      if ('piece' in event) reply = { ...reply, text: reply.text + event.piece };
      if ('response' in event) {
        reply = { ...reply, text: event.response, source: event.source };
        isWhole = true;
      }
      if (conversation === current) showGrowing(reply.text);
    }
  } catch (thrown) {
    if (!abort.signal.aborted) showTrouble(thrown instanceof Trouble ? thrown.message : String(thrown));
  }
  if (isWhole || reply.text !== '') conversation.turns.push(isWhole ? reply : { ...reply, isCut: true });
  conversations.save(conversation);
  setWriting(null);
  showGrowing(null);
  if (conversation === current) addTurn(conversation.turns, actions);
  showList();
}

function requestFor({ id }: Conversation, text: string, replaces: string | undefined): ChatRequest {
  return {
    text,
    ...(id === null ? {} : { conversation: id }),
    ...(replaces === undefined ? {} : { replaces }),
    ...(kept('chatbot-remember') === 'yes' ? { user: reader() } : {}),
  };
}

/** Takes the last message and its reply out of a conversation. @returns the reply's id, if it has one. */
function takeBack(conversation: Conversation): string | undefined {
  const reply = conversation.turns.at(-1)?.who === 'bot' ? conversation.turns.pop() : undefined;
  conversation.turns.pop();
  if (conversation === current) showTurns(conversation.turns, actions);
  return reply?.id;
}

/** A random name that this browser keeps for the reader. */
function reader(): string {
  const known = kept('chatbot-reader');
  const name = known ?? `web-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
  if (known === null) keep('chatbot-reader', name);
  return name;
}

async function rate(turn: Turn, feedback: Parameters<typeof giveFeedback>[0]): Promise<void> {
  const conversation = current;
  try {
    await giveFeedback(feedback);
  } catch (thrown) {
    showTrouble(thrown instanceof Trouble ? thrown.message : String(thrown));
    return;
  }
  conversation.turns = conversation.turns.map((other) =>
    other === turn ? { ...turn, rating: feedback.rating } : other,
  );
  conversations.save(conversation);
  if (conversation === current) showTurns(conversation.turns, actions);
  byId('status').textContent = word('thanks');
}

function showTrouble(sentence: string | null): void {
  trouble.hidden = sentence === null;
  byId('why').textContent = sentence ?? '';
}

function setWriting(abort: AbortController | null): void {
  writing = abort;
  send.hidden = abort !== null;
  stop.hidden = abort === null;
  for (const button of document.querySelectorAll<HTMLButtonElement>('.tools button'))
    button.disabled = abort !== null;
}

/** The box is as high as its text. */
function grow(): void {
  message.style.height = 'auto';
  message.style.height = `${message.scrollHeight}px`;
  send.disabled = message.value.trim() === '';
}

function endEditing(): void {
  isEditing = false;
  editing.hidden = true;
}

function open(conversation: Conversation): void {
  writing?.abort();
  current = conversation;
  endEditing();
  showTrouble(null);
  showTurns(conversation.turns, actions);
  showList();
  message.focus();
}

function showList(): void {
  const items = conversations.list.map((conversation) => {
    const title = conversation.turns[0]?.text ?? word('untitled');
    const choose = element('button', { text: title, click: () => open(conversation) });
    if (conversation.key === current.key) choose.setAttribute('aria-current', 'true');
    const remove = element('button', {
      icon: 'close',
      label: `${word('deleteOne')}: ${title.slice(0, 40)}`,
      click: () => {
        conversations.delete(conversation.key);
        if (conversation.key === current.key) open(conversations.begin());
        else showList();
      },
    });
    return element('li', {}, choose, remove);
  });
  byId('list').replaceChildren(...items);
}

function showPast(isShown: boolean): void {
  past.hidden = !isShown;
  byId('menu').setAttribute('aria-expanded', String(isShown));
}

function submit(): void {
  const text = message.value.trim();
  if (text === '' || writing !== null) return;
  message.value = '';
  grow();
  const isAgain = isEditing;
  endEditing();
  void ask(text, isAgain);
}

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
message.addEventListener('input', grow);
message.addEventListener('keydown', (event) => {
  // While an input method composes characters, Enter chooses one.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
stop.addEventListener('click', () => {
  writing?.abort();
  message.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
  if (writing) writing.abort();
  else if (!past.hidden) showPast(false);
  else if (isEditing) endEditing();
  message.focus();
});
byId('unedit').addEventListener('click', () => {
  endEditing();
  message.value = '';
  grow();
  message.focus();
});
byId('again').addEventListener('click', () => {
  const asked = current.turns.filter(({ who }) => who === 'you').at(-1);
  if (asked && writing === null) void ask(asked.text, true);
  message.focus();
});
byId('menu').addEventListener('click', () => showPast(Boolean(past.hidden)));
byId('new').addEventListener('click', () => open(conversations.begin()));

const options = byId<HTMLDialogElement>('options');
const theme = byId<HTMLSelectElement>('theme');
const key = byId<HTMLInputElement>('key');
const remember = byId<HTMLInputElement>('remember');

function showTheme(): void {
  document.documentElement.dataset.theme = kept('chatbot-theme') ?? 'system';
}

byId('settings').addEventListener('click', () => {
  theme.value = kept('chatbot-theme') ?? 'system';
  key.value = kept('chatbot-key') ?? '';
  remember.checked = kept('chatbot-remember') === 'yes';
  options.showModal();
});
theme.addEventListener('change', () => {
  keep('chatbot-theme', theme.value);
  showTheme();
});
options.addEventListener('close', () => {
  keep('chatbot-key', key.value.trim() || null);
  keep('chatbot-remember', remember.checked ? 'yes' : null);
  message.focus();
  void showName();
});
byId('export').addEventListener('click', () => {
  const link = element('a');
  link.href = URL.createObjectURL(new Blob([conversations.exported()], { type: 'application/jsonl' }));
  link.download = 'conversations.jsonl';
  link.click();
  URL.revokeObjectURL(link.href);
});
byId('clear').addEventListener('click', () => {
  if (!confirm(word('reallyDelete'))) return;
  conversations.clear();
  open(conversations.begin());
});

async function showName(): Promise<void> {
  const name = await modelName();
  if (name === null) return;
  byId('title').textContent = name;
  document.title = name;
}

// In another site's page, the widget shows and hides the frame.
if (window.parent !== window) {
  const close = byId('close');
  close.hidden = false;
  close.addEventListener('click', () => window.parent.postMessage('chatbot-close', '*'));
}

showTheme();
showList();
// A reload goes on with the conversation that was changed last.
const [latest] = conversations.list;
if (latest && Date.now() - latest.changed < 12 * 3_600_000) open(latest);
else open(current);
grow();
void showName();
