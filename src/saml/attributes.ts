import { attributes as table } from "../../config/attributes.ts";
import type { Checks } from "../checks.ts";
import type { TestedSignIn } from "../directory/sign-in-tests.ts";
import { RefusedError } from "../errors.ts";
import type { AssignableRole, Connection, ExternalIdentity, Profile, SamlSettings } from "../model.ts";
import { mappedFields } from "../web/sign-in-tests.ts";
import type { Assertion } from "./assertion.ts";

export type SamlConnection = Connection & { type: "saml"; settings: SamlSettings };

/** Longer than any name, and short enough for the index of any database. */
const longestValue = 500;
const transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

type Field = keyof NonNullable<SamlSettings["attributeNames"]>;

/**
 * Who a verified assertion says this is, by config/attributes.ts and the connection's own names. Throws RefusedError
 * `saml-subject` when it names nobody, `profile-incomplete` when something that is required is missing: what is missing,
 * and the names of what came instead, stand in the log.
 */
export function toIdentity(
  connection: SamlConnection,
  assertion: Assertion,
  checks: Checks,
): ExternalIdentity {
  const { settings } = connection;
  const first = (name: string | null | undefined) => {
    const [value] = (name && assertion.attributes.get(name)) || [];
    return value === undefined || value.length > longestValue ? null : value;
  };
  const subject = subjectOf(settings, assertion, first, checks);
  const sent = (field: Field) => first(attributeNameOf(settings, field));
  const loginName = sent("loginName") ?? assertion.nameId ?? subject;
  const profile: Profile = {
    givenName: sent("givenName"),
    familyName: sent("familyName"),
    displayName: sent("displayName"),
    email: sent("email"),
  };
  checkComplete(settings, profile, assertion, checks);
  const roles = rolesOf(settings, assertion);
  return { connectionId: connection.id, subject, loginName, profile, ...(roles ? { roles } : {}) };
}

/** What a test shows of an assertion; a person who cannot be made of it is part of that. */
export function arrivalOf(
  { connection }: { connection: SamlConnection },
  assertion: Assertion,
  checks: Checks,
): TestedSignIn {
  const { nameId, attributes } = assertion;
  const values = { NameID: nameId, ...Object.fromEntries(attributes) };
  const nameOf = (field: Field) =>
    attributeNameOf(connection.settings, field) ?? (field === "loginName" ? "NameID" : null);
  const mapped = mappedFields(nameOf, (name) => (name === "NameID" ? nameId : attributes.get(name)?.[0]));
  try {
    return { values, mapped, identity: toIdentity(connection, assertion, checks), problem: null };
  } catch (error) {
    if (error instanceof RefusedError) return { values, mapped, identity: null, problem: error };
    throw error;
  }
}

/** Names of the attributes that are mapped to something of ours. */
export function mappedNames(settings: SamlSettings): Set<string> {
  const fields: Field[] = ["loginName", "givenName", "familyName", "displayName", "email"];
  const names = fields.map((field) => attributeNameOf(settings, field));
  return new Set(
    [...names, settings.subjectAttribute, settings.roleMapping?.name].flatMap((name) => name ?? []),
  );
}

/** The name under which the connection's provider sends a field; null when it comes as the NameID or not at all. */
function attributeNameOf(settings: SamlSettings, field: Field): string | null {
  return (
    settings.attributeNames?.[field] ?? table.find((entry) => entry.field === field)?.samlAttribute ?? null
  );
}

function subjectOf(
  { subjectAttribute }: SamlSettings,
  { nameId, nameIdFormat }: Assertion,
  first: (name: string) => string | null,
  checks: Checks,
): string {
  if (subjectAttribute) {
    const subject = first(subjectAttribute);
    checks.demand(subject !== null, {
      reason: "saml-subject",
      name: `The attribute ${subjectAttribute} names the person`,
    });
    return subject;
  }
  // A transient name is another one at each sign-in (SAML Core §8.3.8): nobody can be known by it.
  const isLasting = nameId !== null && nameId.length <= longestValue && nameIdFormat !== transient;
  checks.demand(isLasting, { reason: "saml-subject", name: "The NameID names the person, and lasts" });
  return nameId;
}

function checkComplete(
  settings: SamlSettings,
  profile: Profile,
  { attributes }: Assertion,
  checks: Checks,
): void {
  const missing = table.filter(
    ({ field, required }) =>
      required && field !== null && field in profile && profile[field as keyof Profile] === null,
  );
  checks.results.push({
    name: "All attributes that are required came",
    verdict: missing.length === 0 ? "passed" : "failed",
    detail: null,
  });
  if (missing.length === 0) return;
  const names = missing.map(({ field }) => attributeNameOf(settings, field as Field));
  throw new RefusedError("profile-incomplete", `Missing: ${missing.map(({ label }) => label).join(", ")}.`, {
    cause: `missing ${names.join(", ")}; received ${[...attributes.keys()].join(", ") || "no attribute"}`,
  });
}

/** The roles that the mapped attribute grants; null when the connection maps none, which changes nothing. */
function rolesOf({ roleMapping }: SamlSettings, { attributes }: Assertion): AssignableRole[] | null {
  if (!roleMapping) return null;
  const values = attributes.get(roleMapping.name) ?? [];
  return values.some((value) => roleMapping.adminValues.includes(value)) ? ["admin"] : [];
}
