export type Job = "fast" | "postgres" | "browser" | "processes";
export const jobs: readonly Job[];
/** Files that take more than half a minute. */
export const longest: readonly string[];
/** The test files of a job, in the order in which they begin. */
export function filesOf(job: Job): string[];
