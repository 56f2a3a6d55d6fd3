/** One request that a learner may want to follow. */
export interface Walk {
  name: string;
  /** Folders whose executed files explain the request. */
  toRead: readonly string[];
  /** Does what comes before the request. Returns the request, which is what gets measured. */
  prepare(): Promise<() => Promise<unknown>>;
}
