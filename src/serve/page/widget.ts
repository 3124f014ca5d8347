// The chat page for other sites: <script src="https://HOST/widget.js" data-title="Ask us" async></script> adds a button that
// opens the page in a frame. The frame has a style and a store of its own; this file touches nothing else of the site.

const script = document.currentScript;
if (script instanceof HTMLScriptElement) addWidget(script);

function addWidget({ src, dataset }: HTMLScriptElement): void {
  const { origin } = new URL(src);
  const title = dataset.title ?? 'Chat';
  const side = dataset.side === 'left' ? 'left' : 'right';
  const button = document.createElement('button');
  const bubble = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  bubble.setAttribute('viewBox', '0 0 24 24');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', 'M4 5h16v11H10l-5 4v-4H4z');
  Object.assign(bubble.style, { width: '28px', fill: 'none', stroke: 'currentColor', strokeWidth: '2' });
  bubble.append(line);
  button.append(bubble);
  button.title = title;
  button.setAttribute('aria-label', title);
  button.setAttribute('aria-expanded', 'false');
  const common = { position: 'fixed', zIndex: '2147483000', [side]: '20px' };
  Object.assign(button.style, common, {
    ...{ bottom: '20px', width: '56px', height: '56px', border: '0', borderRadius: '50%', cursor: 'pointer' },
    ...{ background: dataset.color ?? '#2462a6', color: '#fff', fontSize: '26px' },
    boxShadow: '0 4px 16px rgb(0 0 0 / .3)',
  });
  const frame = document.createElement('iframe');
  frame.title = title;
  frame.allow = 'clipboard-write';
  Object.assign(frame.style, common, {
    ...{
      bottom: '88px',
      width: 'min(400px, calc(100vw - 40px))',
      height: 'min(640px, calc(100dvh - 108px))',
    },
    ...{ border: '0', borderRadius: '14px', boxShadow: '0 8px 40px rgb(0 0 0 / .3)', display: 'none' },
  });
  const show = (isShown: boolean): void => {
    // The page is loaded when it is first wanted.
    if (isShown && frame.src === '') frame.src = `${origin}/`;
    frame.style.display = isShown ? 'block' : 'none';
    button.setAttribute('aria-expanded', String(isShown));
    if (isShown) frame.focus();
    else button.focus();
  };
  button.addEventListener('click', () => show(frame.style.display === 'none'));
  window.addEventListener('message', ({ source, origin: from, data }) => {
    if (source === frame.contentWindow && from === origin && data === 'chatbot-close') show(false);
  });
  const add = () => document.body.append(frame, button);
  if (document.body) add();
  else document.addEventListener('DOMContentLoaded', add);
}
