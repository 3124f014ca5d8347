import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, seen from the compiled tests in dist/test/. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');
