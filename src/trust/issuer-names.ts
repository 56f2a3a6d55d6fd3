/** An issuer without one trailing slash, which clients write or leave out. */
export function withoutSlash(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

/** Whether two names are of one issuer: one trailing slash makes no difference, anything else does. */
export function sameIssuer(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other);
}
