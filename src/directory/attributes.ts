import type { AttributeDocument, Profile } from "../model.ts";

/** The attributes of a user of whom only a profile is known: one created just in time, or a local account. */
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
