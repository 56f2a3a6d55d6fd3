import type { WebAnswer } from "../web.ts";

/** The body of a response as an object; empty if it is not one. */
export function jsonOf({ text }: Pick<WebAnswer, "text">): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A response of the token endpoint (RFC 6749 §5). */
export interface TokenResponse extends WebAnswer {
  /** The access token; null if there is none. */
  token: string | null;
  tokenType: string | null;
  /** In seconds. */
  expiresIn: number | null;
  /** null if the response does not say. */
  scopes: string[] | null;
  refreshToken: boolean;
  error: string | null;
}

export function tokenResponse(answer: WebAnswer): TokenResponse {
  const json = jsonOf(answer);
  const textOf = (name: string) => {
    const value = json[name];
    return typeof value === "string" ? value : null;
  };
  return {
    ...answer,
    token: textOf("access_token"),
    tokenType: textOf("token_type"),
    expiresIn: typeof json.expires_in === "number" ? json.expires_in : null,
    scopes: textOf("scope")?.split(" ").filter(Boolean) ?? null,
    refreshToken: "refresh_token" in json,
    error: textOf("error"),
  };
}

/** The outcome in words, without the token: "400 invalid_grant", "200, scope tasks.read, expires_in 600". */
export function outcomeOf({ status, error, token, scopes, expiresIn }: TokenResponse): string {
  if (token === null) return `${status} ${error ?? "without an error code"}`;
  return `${status} with a token, scope ${scopes?.join(" ") ?? "absent"}, expires_in ${expiresIn ?? "absent"}`;
}
