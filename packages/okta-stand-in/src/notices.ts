import { randomBytes } from "node:crypto";

/** What came of something that somebody did, shown once on the page that follows. */
export interface Notice {
  kind: "done" | "problem";
  text: string;
  /** What was entered, while it is not stored. */
  values: Record<string, string>;
}

const kept = 100;
const notices = new Map<string, Notice>();

/** The address with the notice's name in it: its text never stands in an address, where anybody could write it. */
export function withNotice(url: string, notice: Notice): string {
  const id = randomBytes(9).toString("base64url");
  notices.set(id, notice);
  for (const old of [...notices.keys()].slice(0, -kept)) notices.delete(old);
  const [path = "", query = ""] = url.split("?");
  return `${path}?${new URLSearchParams([...new URLSearchParams(query), ["notice", id]])}`;
}

export function takeNotice(id: unknown): Notice | null {
  const notice = typeof id === "string" ? notices.get(id) : undefined;
  if (notice) notices.delete(String(id));
  return notice ?? null;
}
