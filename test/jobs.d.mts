export type Job = "fast" | "postgres" | "browser" | "processes";
export const jobs: readonly Job[];
/** The test files of a job. */
export function filesOf(job: Job): string[];
