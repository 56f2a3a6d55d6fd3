import type { ProvisioningProblem } from "../store/tenant/provisioning-problems.ts";

const remedies: Record<string, string> = {
  "token-expired":
    "Create a token below, and put it in Okta: on your app's tab Provisioning, under Integration.",
  "token-revoked":
    "Okta still calls with a token that was revoked here. Put a living one in Okta: on your app's tab Provisioning, under Integration.",
  uniqueness:
    "Somebody here has this login name or key already. Look them up under People: a local account is linked by its holder, " +
    "or deleted there once it is no owner's; what another source manages is taken over when the setting below says so.",
  invalidValue:
    "A value that Okta sends does not fit. Compare your attribute mappings in Okta with the guide.",
  invalidFilter:
    "Okta looks for people in a way that is not supported. Set its unique identifier field to userName.",
  invalidPath: "Okta sends an attribute that there is not here. Remove its mapping in Okta.",
  mutability: "Okta wants to change what cannot be changed. Remove the attribute's mapping in Okta.",
  "403":
    "Okta wants to change how an owner signs in, which only owners do. The message says how: take the role of owner away " +
    "under People while Okta makes its change, or leave this person as they are.",
  "404":
    "Okta knows somebody who is not here any more. Unassign the person or group in Okta, and assign them again.",
  "413": "Okta sends more at once than is taken. Push smaller groups, or tell us.",
  "429": "Okta calls more often than is allowed. It waits and tries again by itself.",
  "500": "That was our fault. Tell us the request id.",
  "503": "The service was not reachable for a moment. Okta tries again by itself.",
};

/** What an administrator can do about a problem. */
export function remedyOf({ kind }: ProvisioningProblem): string {
  return remedies[kind] ?? "Tell us the request id, and we will look at what happened.";
}
