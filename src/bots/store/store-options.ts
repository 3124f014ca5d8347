// How a person's store is opened.

export interface StoreOptions {
  /** Whether a store that does not exist is made. Otherwise it is refused. */
  readonly create: boolean;
  /** Writing is refused. */
  readonly readOnly?: boolean;
}
