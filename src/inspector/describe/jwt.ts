import { decodeJwt, decodeProtectedHeader } from "jose";
import type { RecordedJwt } from "../../recording.ts";

/** The JWT at a place of a message, decoded; an empty list if there is none, so that it can be spread into others. */
export function jwtsIn(place: string, token: unknown): RecordedJwt[] {
  if (typeof token !== "string" || token === "") return [];
  try {
    return [{ place, header: decodeProtectedHeader(token), claims: decodeJwt(token) }];
  } catch {
    return [];
  }
}
