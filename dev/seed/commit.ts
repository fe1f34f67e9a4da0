/** Ends a transaction and begins the next one, so that none of a large seed lasts for seconds. */
export type Commit = () => Promise<void>
