import type { WebAnswer } from "./web.ts";

/** Where an answer sends a browser: by its Location, or by a page that leaves by itself. Null when it stays. */
export function destinationOf({ status, headers, text }: WebAnswer, base: string): URL | null {
  const location = status >= 300 && status < 400 ? headers.get("location") : null;
  const refresh = /http-equiv=["']?refresh["']?[^>]*content=["']\d+;\s*url=([^"'>]*)/i.exec(text)?.[1];
  const target = location ?? (refresh === undefined ? null : decoded(refresh));
  return target !== null && URL.canParse(target, base) ? new URL(target, base) : null;
}

/** The few entities that stand in an attribute. */
function decoded(text: string): string {
  return text
    .replaceAll("&#34;", '"')
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

/** Whether an answer signs a browser in, as far as that can be seen: nothing but an error page would not. */
export function isRefusal({ status }: WebAnswer): boolean {
  return status >= 400 && status < 500;
}
