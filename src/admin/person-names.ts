import type { User } from "../model.ts";

/** What a person is called in a list or a sentence. */
export function personName({
  displayName,
  givenName,
  familyName,
  loginName,
}: Pick<User, "displayName" | "givenName" | "familyName" | "loginName">): string {
  return displayName || [givenName, familyName].filter(Boolean).join(" ") || loginName;
}
