// A step from one version of the tables to the next.

import type { Kysely } from 'kysely';
import type { Tables } from '../tables.js';

export type DatabaseKind = 'sqlite' | 'postgres';

/** Runs in a transaction. A released migration never changes. */
export type Migration = (db: Kysely<Tables>, kind: DatabaseKind) => Promise<void>;
