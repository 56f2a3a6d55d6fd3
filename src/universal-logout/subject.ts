import { z } from "zod";
import { type Subject, subjectSchema } from "../sso/subjects.ts";

/** The subject in a request's body; null if it is missing or its format is unknown. */
export function parseSubject(body: unknown): Subject | null {
  const parsed = z.object({ sub_id: subjectSchema }).safeParse(body);
  return parsed.success ? parsed.data.sub_id : null;
}
