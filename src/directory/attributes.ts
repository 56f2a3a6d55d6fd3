import type { AttributeDocument, Profile } from "../model.ts";

export type PersonalNames = Pick<Profile, "givenName" | "familyName">;

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

/** The attributes of a person with other names. The formatted name goes, because it was made of the former ones. */
export function renamedAttributes(attributes: AttributeDocument, names: PersonalNames): AttributeDocument {
  const { givenName, familyName, formatted, ...others } = (attributes.name ?? {}) as Record<string, unknown>;
  const { name, ...rest } = attributes;
  const renamed = {
    ...others,
    ...(names.givenName ? { givenName: names.givenName } : {}),
    ...(names.familyName ? { familyName: names.familyName } : {}),
  };
  return Object.keys(renamed).length > 0 ? { ...rest, name: renamed } : rest;
}
