import { InvalidError } from "../errors.ts";

/** Universal Logout finds a connection by both values. */
export const bothForUniversalLogout = "Universal Logout needs both: the app instance ID and the org URL.";

export const aliasNeedsOrgUrl = "Another name of the org has an effect only with the org URL.";

/** Okta's id of an app instance, which console and command line check alike. Throws InvalidError. */
export function checkAppInstanceId(text: string): string {
  if (text.length > 100) throw new InvalidError("The app instance ID has more than 100 characters.");
  if (!/^0oa[A-Za-z0-9]+$/.test(text))
    throw new InvalidError("An app instance ID of Okta starts with 0oa and has only letters and digits.");
  return text;
}
