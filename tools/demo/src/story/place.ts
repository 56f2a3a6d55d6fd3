import type { Request, Response } from "express";

/** The place in the story that a browser last showed. */
export interface StoryPlace {
  /** The customer's slug. */
  customer: string;
  /** The step's id. */
  step: string;
  /** The number of the newest recorded message when the browser came to the step: what is newer happened there. */
  since: number;
  /** How many acts of the step were started. */
  acts: number;
}

const cookieName = "demo-story";

/** Null if this browser has not seen a step yet, or if another program wrote the cookie. */
export function placeIn(req: Pick<Request, "headers">): StoryPlace | null {
  const value = new RegExp(`(?:^|; *)${cookieName}=([a-z-]+)\\.([a-z-]+)\\.(\\d{1,9})\\.(\\d{1,2})(?:;|$)`);
  const [, customer, step, since, acts] = value.exec(req.headers.cookie ?? "") ?? [];
  if (!customer || !step) return null;
  return { customer, step, since: Number(since), acts: Number(acts) };
}

/** The cookie has no secret, and lasts as long as the browser's window. */
export function keepPlace(res: Response, { customer, step, since, acts }: StoryPlace): void {
  res.cookie(cookieName, [customer, step, since, acts].join("."), { httpOnly: true, sameSite: "lax" });
}

export function forgetPlace(res: Response): void {
  res.clearCookie(cookieName);
}
