// For tests: loaded before `chatbot-data prepare`, it kills the process without warning when the second source is half done.

import { SourceWriter } from '../src/prepare/kept-source.js';

const { add, commit } = SourceWriter.prototype;
let finished = 0;
SourceWriter.prototype.commit = function (end) {
  commit.call(this, end);
  finished++;
};
SourceWriter.prototype.add = function (part) {
  add.call(this, part);
  if (finished > 0) process.kill(process.pid, 'SIGKILL');
};
