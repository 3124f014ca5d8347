// Reads a corpus that `chatbot-data prepare` made. It reads the training part; in a training, the evaluation part becomes the
// evaluation data.

import { parsePrepared } from '../prepared/prepared-dialogue.js';
import { manifestName, preparedNames, trainName } from '../prepared/prepared-files.js';
import type { FolderReader } from '../reader.js';
import { linesOf, openText } from '../text-file.js';

export const prepared: FolderReader = {
  format: 'prepared',
  about: 'a corpus that `chatbot-data prepare` made',
  hasWholeFiles: true,
  example: {
    [manifestName]: '{"format": "chatbot-train prepared corpus", "version": 1}\n',
    [trainName]:
      '{"id": "5f0c6a1be2d94c37", "messages": [{"content": "Hi!"}, {"content": "Hello!"}], "source": "chats.jsonl:1"}\n',
  },
  claims(names) {
    const isPrepared = names.includes(manifestName) && names.includes(trainName);
    return isPrepared ? preparedNames.filter((name) => names.includes(name)) : [];
  },
  *read({ files }) {
    const train = files.get(trainName);
    if (!train) return;
    for (const { text, number } of linesOf(openText(train, 'utf-8'))) {
      const place = `${train.path}:${number}`;
      const { dialogue, id, augmented } = parsePrepared(text, place);
      yield { ...dialogue, source: place, prepared: { id, ...(augmented && { augmented }) } };
    }
  },
};
