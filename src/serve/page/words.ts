// The page's words, in the reader's language. A language that is not here reads English.

const english = {
  skip: 'Skip to the message box',
  conversations: 'Conversations',
  newChat: 'New conversation',
  settings: 'Settings',
  close: 'Close',
  welcome: 'Ask a question to begin.',
  transcript: 'Conversation',
  message: 'Your message',
  messageHint: 'Message',
  send: 'Send',
  stop: 'Stop (Esc)',
  tryAgain: 'Try again',
  editing: 'You are changing your last message.',
  cancel: 'Cancel',
  judgeTitle: 'How was this reply?',
  stars: 'Stars',
  star: 'of 5 stars',
  comment: 'Comment',
  better: 'What should it have said?',
  sendFeedback: 'Send',
  theme: 'Appearance',
  themeSystem: 'As the system',
  themeLight: 'Light',
  themeDark: 'Dark',
  key: 'API key',
  remember: 'Let the bot remember what I say about myself',
  kept: 'Conversations are kept in this browser.',
  exportAll: 'Export conversations',
  deleteAll: 'Delete conversations',
  reallyDelete: 'Delete all conversations in this browser?',
  deleteOne: 'Delete',
  done: 'Done',
  copy: 'Copy',
  copied: 'Copied',
  retry: 'Another reply',
  edit: 'Change',
  good: 'Good reply',
  bad: 'Bad reply',
  judge: 'Rate and comment',
  thanks: 'Thank you.',
  writing: 'Writing…',
  stopped: 'stopped',
  you: 'You',
  bot: 'Bot',
  untitled: 'New conversation',
  offline: 'The chatbot cannot be reached.',
  unauthorized: 'An API key is needed: enter it in the settings.',
  cut: 'The connection was lost in the middle of the reply.',
};

export type Word = keyof typeof english;

const chinese: Record<Word, string> = {
  skip: '跳到输入框',
  conversations: '对话',
  newChat: '新对话',
  settings: '设置',
  close: '关闭',
  welcome: '请输入您的问题。',
  transcript: '对话内容',
  message: '您的消息',
  messageHint: '输入消息',
  send: '发送',
  stop: '停止 (Esc)',
  tryAgain: '重试',
  editing: '正在修改上一条消息。',
  cancel: '取消',
  judgeTitle: '这条回复怎么样？',
  stars: '星级',
  star: '星（满分 5 星）',
  comment: '评论',
  better: '应该怎样回答？',
  sendFeedback: '提交',
  theme: '外观',
  themeSystem: '跟随系统',
  themeLight: '浅色',
  themeDark: '深色',
  key: 'API 密钥',
  remember: '允许机器人记住我的信息',
  kept: '对话保存在此浏览器中。',
  exportAll: '导出对话',
  deleteAll: '删除对话',
  reallyDelete: '删除此浏览器中的所有对话吗？',
  deleteOne: '删除',
  done: '完成',
  copy: '复制',
  copied: '已复制',
  retry: '换一个回答',
  edit: '修改',
  good: '好的回答',
  bad: '不好的回答',
  judge: '评分和评论',
  thanks: '谢谢。',
  writing: '正在输入…',
  stopped: '已停止',
  you: '您',
  bot: '机器人',
  untitled: '新对话',
  offline: '无法连接到聊天机器人。',
  unauthorized: '需要 API 密钥：请在设置中输入。',
  cut: '回复中途连接断开。',
};

const isChinese = navigator.language.toLowerCase().startsWith('zh');
export const language = isChinese ? 'zh-CN' : 'en';
const words: Record<Word, string> = isChinese ? chinese : english;

export function word(name: Word): string {
  return words[name];
}

const isWord = (name: string | undefined): name is Word => name !== undefined && name in words;

/** Fills in the words that the page names: `data-word` a text, `data-label` and `data-name` labels, `data-hint` a placeholder. */
export function fillWords(): void {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll<HTMLElement>(
    '[data-word],[data-label],[data-name],[data-hint]',
  )) {
    const { word: text, label, name, hint } = element.dataset;
    if (isWord(text)) element.textContent = words[text];
    if (isWord(label)) element.setAttribute('aria-label', words[label]);
    if (isWord(name)) {
      element.setAttribute('aria-label', words[name]);
      element.title = words[name];
    }
    if (isWord(hint)) element.setAttribute('placeholder', words[hint]);
  }
}
