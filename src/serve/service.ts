// What the routes know of the service: who answers under which name, and how it is.

import type { Engine } from './engine/engine.js';
import type { ApiKey } from './limits.js';
import type { Metrics } from './metrics.js';
import type { Talks } from './talks.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route is for everybody, also where a key is needed. */
    readonly isOpen?: true;
  }
}

/** A model with the bot before it, or a bot alone. */
export interface Served {
  /** The name that requests may give. */
  readonly name: string;
  readonly talks: Talks;
  /** Null: no model takes part. */
  readonly engine: Engine | null;
  /** Seconds since 1970. */
  readonly since: number;
}

export interface Service {
  /** The first answers where a request names none. */
  readonly served: readonly [Served, ...Served[]];
  /** Null: everybody may talk. */
  readonly keys: readonly ApiKey[] | null;
  /** Messages a minute from one key or address; null: any number. */
  readonly perMinute: number | null;
  readonly metrics: Metrics;
  /** What is not offered at the address of the chat. */
  readonly hidden: ReadonlySet<'docs' | 'metrics'>;
  readonly origins: readonly string[];
  readonly embedders: readonly string[];
  /** Host names by which the service is reached; null: any. */
  readonly hosts: ReadonlySet<string> | null;
  /** The most characters of a message. */
  readonly maxText: number;
  /** Whether it takes no new messages. */
  readonly isStopping: () => boolean;
  /** Told of what no client is told: bugs. */
  readonly report: (thrown: unknown) => void;
}
