import type { MessageFact } from "../../recording.ts";
import type { SignInDecision } from "../../sso/connection.ts";

/** The rule that found the person (src/directory/sign-in.ts has the rules). */
const matches: Record<SignInDecision["by"], string> = {
  identity: "Matched by the identity of an earlier sign-in",
  "source-key": "Matched by SCIM external ID",
  "login-name": "Matched by login name",
  "just-in-time": "Created by JIT provisioning",
};

/** The directory's decision in one line. */
export function decisionText({ by }: SignInDecision): string {
  return `Signed in. ${matches[by]}`;
}

/** The directory's decision, and its changes. */
export function decisionFacts(decision: SignInDecision | null): MessageFact[] {
  if (!decision) return [];
  const { by, changed, roles } = decision;
  const mapped = roles?.map((role) => (role === "admin" ? "Admin" : "Member")).join(", ");
  return [
    { label: "Person", value: matches[by] },
    { label: "Changed", value: changed.join(", ") || "Nothing" },
    {
      label: "Roles",
      value:
        mapped === undefined ? "This connection maps no roles" : mapped || "None of those sent is mapped",
    },
  ];
}
