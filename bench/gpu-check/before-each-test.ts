// Imported before a test file. Node delivers the results of tests only when the program waits for something, which tests of
// synchronous code never do: a time limit would lose them all. So every test begins with a short wait.

import { beforeEach } from 'node:test';

beforeEach(() => new Promise<void>((resolve) => setImmediate(resolve)));
