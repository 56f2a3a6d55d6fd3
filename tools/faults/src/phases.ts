/** When a fault began, was complete, and was mended, as `performance.now()` has it. Infinity until then. */
export interface Course {
  begun: number;
  complete: number;
  mending: number;
  /** Each client was served again. */
  over: number;
}

export const newCourse = (): Course => ({
  begun: Number.POSITIVE_INFINITY,
  complete: Number.POSITIVE_INFINITY,
  mending: Number.POSITIVE_INFINITY,
  over: Number.POSITIVE_INFINITY,
});

/**
 * "in force": nothing but the fault was at work from the beginning of the client's turn until the answer. "partly": the fault
 * may have met the request. Neither is so before and after it.
 */
export type Phase = "before" | "partly" | "in force" | "after";

/** @param times of one request; a turn is one or a few of them. */
export function phaseOf(course: Course, times: { turn: number; sent: number; answered: number }): Phase {
  if (times.answered < course.begun) return "before";
  if (times.sent >= course.over) return "after";
  return times.turn >= course.complete && times.answered < course.mending ? "in force" : "partly";
}
