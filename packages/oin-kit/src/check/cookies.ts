import { isLoopback, type WebAnswer } from "./web.ts";

/** A cookie of a response, with the attributes that rules judge (RFC 6265bis §4.1.2). */
interface SentCookie {
  name: string;
  isSecure: boolean;
  isHttpOnly: boolean;
  /** In lower case; empty if the attribute is absent. */
  sameSite: string;
}

/** The point of a flow at which a cookie has to come back. */
export type CookieReturn = "page" | "redirect" | "cross-site-post";

/**
 * Cookies that load balancers, content delivery networks and frameworks set, and that carry no session: affinity, bot
 * detection, and tokens that a page's script has to read.
 */
const ofInfrastructure =
  /^(?:AWSALB|AWSELB|GCLB$|ARRAffinity|BIGipServer|__cf|_cfuvid$|cf_|incap_ses|visid_incap|nlbi_|ak_bmsc$|bm_s[vz]$|XSRF-TOKEN$|csrftoken$)/;

/** The defects of the cookies of a response; empty if there is none, or if it sets no cookie. */
export function cookieProblems(answer: WebAnswer, url: string, comesBackBy: CookieReturn): string[] {
  const cookies = answer.headers
    .getSetCookie()
    .map(parsed)
    .filter(({ name }) => !ofInfrastructure.test(name));
  const problems = cookies.flatMap((cookie) =>
    faultsOf(cookie, url, comesBackBy).map((fault) => `${cookie.name} ${fault}`),
  );
  const arrives = cookies.length === 0 || cookies.some(({ sameSite }) => sameSite === "none");
  if (comesBackBy === "cross-site-post" && !arrives)
    problems.push(
      "no cookie is SameSite=None, so the POST from Okta brings none: make sure that it needs none",
    );
  return problems;
}

/** The cookies' names and attributes, as a passed rule shows them. */
export function cookiesSeen({ headers }: WebAnswer): string {
  const names = headers.getSetCookie().map((cookie) => parsed(cookie).name);
  return names.length > 0 ? `sets ${names.join(", ")}` : "sets no cookie";
}

function faultsOf(cookie: SentCookie, url: string, comesBackBy: CookieReturn): string[] {
  const { isSecure, isHttpOnly, sameSite } = cookie;
  const needsSecure = url.startsWith("https:") || !isLoopback(url) || sameSite === "none";
  return [
    ...(needsSecure && !isSecure ? ["lacks Secure"] : []),
    ...(isHttpOnly ? [] : ["lacks HttpOnly"]),
    ...(sameSite === "" ? ["lacks SameSite"] : []),
    ...(sameSite === "strict" && comesBackBy === "redirect"
      ? ["is SameSite=Strict, so the redirect from Okta does not bring it"]
      : []),
  ];
}

function parsed(header: string): SentCookie {
  const [pair = "", ...attributes] = header.split(";").map((part) => part.trim());
  const attribute = (name: string) =>
    attributes.find((one) => one.toLowerCase().split("=")[0]?.trim() === name)?.toLowerCase();
  return {
    name: pair.split("=")[0] ?? "",
    isSecure: attribute("secure") !== undefined,
    isHttpOnly: attribute("httponly") !== undefined,
    sameSite: attribute("samesite")?.split("=")[1]?.trim() ?? "",
  };
}
