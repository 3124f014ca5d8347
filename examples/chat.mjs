// Sends each argument to a model, one after the other, and prints the replies as they are generated.
//   node examples/chat.mjs results/example "Hello!" "How are you?"

import { openChatModel } from 'chatbot-train';

const [model = 'results/example', ...messages] = process.argv.slice(2);
if (messages.length === 0) messages.push('Hello!', 'How are you?');

const chat = await openChatModel(model, { temperature: 0.7, maxNewTokens: 40 });
console.log(`${chat.name}: ${chat.parameters} parameters on ${chat.device}`);
try {
  /** @type {string[]} */
  const turns = [];
  for (const message of messages) {
    console.log(`you: ${message}`);
    turns.push(message);
    process.stdout.write('bot: ');
    let answer = '';
    for await (const piece of chat.stream(turns)) {
      process.stdout.write(piece);
      answer += piece;
    }
    process.stdout.write('\n');
    if (answer !== '') turns.push(answer);
  }
  const { text, tokens, seconds } = await chat.reply('Goodbye!', { greedy: true });
  console.log(`the greedy reply to "Goodbye!": ${text} (${tokens} tokens in ${seconds.toFixed(2)} s)`);
} finally {
  await chat.close();
}
