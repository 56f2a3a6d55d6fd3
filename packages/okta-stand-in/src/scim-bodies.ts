import { displayNameOf } from "./org.ts";
import type { ScimBody } from "./scim-client.ts";
import type { OrgPerson } from "./state.ts";

/** The bodies that Okta sends (Okta: "SCIM 2.0 protocol reference"). Tests compare them with test/fixtures/okta. */
const schemas = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
};

/** @param password a random one: Okta sends it even if it does not synchronise passwords. */
export function newUser(person: OrgPerson, password: string): ScimBody {
  return {
    schemas: [schemas.user],
    userName: person.login,
    name: nameOf(person),
    emails: [{ primary: true, value: person.email, type: "work" }],
    displayName: displayNameOf(person),
    locale: "en-US",
    externalId: person.id,
    groups: [],
    password,
    active: true,
  };
}

/**
 * The application's user with the org's profile written over it. It adds no attribute that the application did not return,
 * and sends all others back unchanged (Okta: "Out-of-sync").
 */
export function mergedUser(found: ScimBody, person: OrgPerson, active: boolean): ScimBody {
  return {
    ...found,
    userName: person.login,
    name: { ...objectOf(found.name), ...nameOf(person, "middleName" in objectOf(found.name)) },
    ...("displayName" in found ? { displayName: displayNameOf(person) } : {}),
    emails: mergedEmails(found.emails, person.email),
    active,
  };
}

/** A profile for apps with "Support PATCH for User". */
export function patchedUser(person: OrgPerson): ScimBody {
  return patch({
    op: "replace",
    value: {
      userName: person.login,
      name: nameOf(person),
      emails: [{ primary: true, value: person.email, type: "work" }],
      displayName: displayNameOf(person),
    },
  });
}

/** A PATCH that replaces without a path, as Okta sends it. */
export function replaced(value: ScimBody): ScimBody {
  return patch({ op: "replace", value });
}

function patch(...operations: unknown[]): ScimBody {
  return { schemas: [schemas.patch], Operations: operations };
}

export interface Member {
  value: string;
  display: string;
}

export function group(displayName: string, members: Member[]): ScimBody {
  return { schemas: [schemas.group], displayName, members };
}

export function changedMembers(removed: readonly string[], added: readonly Member[]): ScimBody {
  const removals = removed.map((id) => ({ op: "remove", path: `members[value eq "${id}"]` }));
  return patch(...removals, ...(added.length > 0 ? [{ op: "add", path: "members", value: added }] : []));
}

export function allMembers(members: readonly Member[]): ScimBody {
  return patch({ op: "replace", path: "members", value: members });
}

function nameOf(person: OrgPerson, always = false): ScimBody {
  const { firstName: givenName, middleName, lastName: familyName } = person;
  return { givenName, ...(always || middleName ? { middleName } : {}), familyName };
}

/** Replaces the primary address, or the first one if none is primary. The application owns the others. */
function mergedEmails(found: unknown, value: string): unknown[] {
  const emails = Array.isArray(found) ? found.map(objectOf) : [];
  const at = Math.max(
    emails.findIndex(({ primary }) => primary === true),
    0,
  );
  if (emails.length === 0) return [{ primary: true, value, type: "work" }];
  return emails.map((email, index) => (index === at ? { ...email, value } : email));
}

function objectOf(value: unknown): ScimBody {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
