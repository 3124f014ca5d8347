import { describeStore } from '../../../test/bots/describe-store.js';
import { MemoryStore } from './memory-store.js';

describeStore('in memory', async () => new MemoryStore());
