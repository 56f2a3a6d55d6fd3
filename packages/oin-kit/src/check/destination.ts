import type { WebAnswer } from "./web.ts";

/** Where an answer sends a browser, by Location or by a refreshing page; null if the browser stays. */
export function destinationOf({ status, headers, text }: WebAnswer, base: string): URL | null {
  const location = status >= 300 && status < 400 ? headers.get("location") : null;
  const refresh = /http-equiv=["']?refresh["']?[^>]*content=["']\d+;\s*url=([^"'>]*)/i.exec(text)?.[1];
  const target = location ?? (refresh === undefined ? null : decoded(refresh));
  return target !== null && URL.canParse(target, base) ? new URL(target, base) : null;
}

/** Decodes the few entities that occur in an attribute. */
function decoded(text: string): string {
  return text
    .replaceAll("&#34;", '"')
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

/** Whether an answer is a refusal. From outside, only an error status proves that no one was signed in. */
export function isRefusal({ status }: WebAnswer): boolean {
  return status >= 400 && status < 500;
}
