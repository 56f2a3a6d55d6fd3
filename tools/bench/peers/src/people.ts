/** The data that every measured program gets: the same people with the attributes that Okta sends, and the same group. */

export const loginName = (number: number) => `user${number}@acme.example`;

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
export const enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const groupName = "Everyone";

/** A person of the data, as Okta sends it. tools/bench/src/seed.ts writes the same ones for this application. */
export function person(number: number) {
  return {
    schemas: [userSchema, enterpriseSchema],
    userName: loginName(number),
    externalId: `okta-${number}`,
    name: { givenName: "Ada", familyName: `Number ${number}`, formatted: `Ada Number ${number}` },
    displayName: `Ada Number ${number}`,
    emails: [{ value: loginName(number), type: "work", primary: true }],
    phoneNumbers: [{ value: `+43 1 ${number}`, type: "work", primary: true }],
    title: "Engineer",
    locale: "en-US",
    timezone: "Europe/Vienna",
    active: true,
    [enterpriseSchema]: {
      employeeNumber: String(number),
      department: "Second Stage",
      costCenter: "4711",
    },
  };
}

/** A person whom the measured client creates. */
export function newcomer(userName: string) {
  return {
    schemas: [userSchema],
    userName,
    externalId: userName,
    name: { givenName: "Grace", familyName: "Newcomer" },
    displayName: "Grace Newcomer",
    emails: [{ value: userName, type: "work", primary: true }],
    locale: "en-US",
    active: true,
  };
}

/** The attributes that every answer about a person must have, in a comparable form. */
export function essence(resource: Record<string, unknown>): string {
  const { userName, externalId, displayName, title, active } = resource;
  const name = resource.name as Record<string, unknown> | undefined;
  const emails = resource.emails as Record<string, unknown>[] | undefined;
  const work = resource[enterpriseSchema] as Record<string, unknown> | undefined;
  return JSON.stringify([
    [userName, externalId, displayName, title, active],
    [name?.givenName, name?.familyName],
    [emails?.[0]?.value, emails?.[0]?.type],
    [work?.employeeNumber, work?.department, work?.costCenter],
  ]);
}
