import { randomBytes } from "node:crypto";

/** The result of a form, shown once on the next page. */
export interface Notice {
  kind: "done" | "problem";
  text: string;
  /** The form's values, so that the page can show them again if they were not saved. */
  values: Record<string, string>;
}

const kept = 100;
const notices = new Map<string, Notice>();

/** Adds the notice's id to the URL. The text stays here: a link could put any text into a page that showed it. */
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
