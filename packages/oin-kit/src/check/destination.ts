import { attributeOf, tagsOf } from "./markup.ts";
import type { CheckReport } from "./report.ts";
import { isRedirect, shown, type WebAnswer } from "./web.ts";

/** Where an answer sends a browser, by Location or by a refreshing page; null if the browser stays. */
export function destinationOf({ status, headers, text }: WebAnswer, base: string): URL | null {
  const location = status >= 300 && status < 400 ? headers.get("location") : null;
  const target = location ?? refreshIn(text);
  return target !== null && URL.canParse(target, base) ? new URL(target, base) : null;
}

function refreshIn(html: string): string | null {
  const tag = tagsOf(html, "meta").find((one) => /^refresh$/i.test(attributeOf(one, "http-equiv") ?? ""));
  const content = (tag && attributeOf(tag, "content")) ?? "";
  return /^\s*\d+\s*[;,]\s*url\s*=\s*['"]?([^'"]*)/i.exec(content)?.[1] ?? null;
}

/** Whether an answer is a refusal. From outside, only an error status proves that no one was signed in. */
export function isRefusal({ status }: WebAnswer): boolean {
  return status >= 400 && status < 500;
}

/**
 * Judges whether a registered address answers itself. An application may redirect a stranger's request to an error page. That
 * need not lose a real sign-in, but from outside it could.
 */
export function judgeNoHop(
  rule: "oidc-callback-redirect" | "saml-acs-redirect",
  answer: WebAnswer,
  address: string,
  report: CheckReport,
): void {
  const target = isRedirect(answer) ? destinationOf(answer, address) : null;
  const trimmed = (path: string) => path.replace(/\/+$/, "");
  const elsewhere = target && trimmed(target.pathname) !== trimmed(new URL(address).pathname);
  const seen = shown(answer);
  if (elsewhere && [302, 303].includes(answer.status))
    report.warn(rule, `${seen}: make sure that a real sign-in is not sent on like this`);
  else report.judge(rule, target === null, seen);
}
