import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, from where a compiled test lies (dist/test/). */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');
