// For tests: a process that writes into a store without an end, and says what has been acknowledged.
//   usage: node write-store.js LOCATION learn|talk NAME
// `learn` prints how many pairs were kept. `talk` prints the conversation, then how many turns were kept.

import { openStore } from '../../src/bots/store/open-store.js';

const [location = '', job, name = ''] = process.argv.slice(2);
const store = await openStore(location, { create: true });

function* endlessPairs() {
  for (let index = 0; ; index++)
    yield {
      question: `question ${index} of ${name}`,
      answer: 'x'.repeat(20_000),
      previous: null,
      source: 'f:1',
    };
}

if (job === 'learn') await store.learn(endlessPairs(), (pairs) => console.log(pairs));
else {
  const conversation = await store.begin(name);
  console.log(conversation);
  for (let turns = 2; ; turns += 2) {
    const turn = { text: `${turns}`, source: null, score: null, time: turns };
    await store.say(conversation, [
      { ...turn, speaker: 'user' },
      { ...turn, speaker: 'bot' },
    ]);
    console.log(turns);
  }
}
