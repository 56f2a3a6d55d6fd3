import type { Request } from "express";

/** A cookie that the browser sent; null when there is none of this name. */
export function cookieOf(req: Request, name: string): string | null {
  const pairs = (req.headers.cookie ?? "").split(/;\s*/).map((pair) => pair.split(/=(.*)/s));
  return pairs.find(([key]) => key === name)?.[1] ?? null;
}
