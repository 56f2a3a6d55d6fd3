import type { AttributeDocument, Profile } from "../model.ts";

/** The document of somebody of whom only a profile is known: who came just in time, or has a local account. */
export function attributesFromProfile({
  givenName,
  familyName,
  displayName,
  email,
}: Profile): AttributeDocument {
  const name = { ...(givenName ? { givenName } : {}), ...(familyName ? { familyName } : {}) };
  return {
    ...(Object.keys(name).length > 0 ? { name } : {}),
    ...(displayName ? { displayName } : {}),
    ...(email ? { emails: [{ value: email, type: "work", primary: true }] } : {}),
  };
}
