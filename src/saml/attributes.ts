import { attributeRules, firstValue, subjectRules } from "saml-policy/assertion-rules";
import type { ParsedAssertion } from "saml-policy/parse";
import { attributes as table } from "../../config/attributes.ts";
import type { TestedSignIn } from "../directory/sign-in-tests.ts";
import { judgeSignIn, RefusedError } from "../errors.ts";
import type { AssignableRole, ExternalIdentity, Profile, SamlSettings } from "../model.ts";
import type { ConfiguredConnection } from "../sso/connection.ts";
import { mappedFields } from "../sso/test-sign-in.ts";

export type SamlConnection = ConfiguredConnection<"saml">;
const profileFields: readonly (keyof Profile)[] = ["givenName", "familyName", "displayName", "email"];
type SamlField = keyof NonNullable<SamlSettings["attributeNames"]>;

/**
 * The person that an accepted assertion is about, by config/attributes.ts and the connection's own attribute names. Throws
 * RefusedError `saml-subject` or `profile-incomplete`; the log has the names of the attributes that are missing and of
 * those that came.
 */
export function toIdentity({ id, settings }: SamlConnection, assertion: ParsedAssertion): ExternalIdentity {
  const subjectAttribute = settings.subjectAttribute || null;
  judgeSignIn(subjectRules, { assertion, subjectAttribute });
  const first = (name: string | null) => (name === null ? null : firstValue(assertion, name));
  const sent = (field: SamlField) => first(attributeNameOf(settings, field));
  const profile: Profile = {
    givenName: sent("givenName"),
    familyName: sent("familyName"),
    displayName: sent("displayName"),
    email: sent("email"),
  };
  requireAttributes(settings, assertion);
  const subject = (subjectAttribute === null ? assertion.nameId : first(subjectAttribute)) ?? "";
  const loginName = sent("loginName") ?? assertion.nameId ?? subject;
  const roles = rolesOf(settings, assertion);
  return { connectionId: id, subject, loginName, profile, ...(roles ? { roles } : {}) };
}

/** The result of a test. If no identity can be made of the assertion, the result says why. */
export function testedSignIn(connection: SamlConnection, assertion: ParsedAssertion): TestedSignIn {
  const { nameId, attributes } = assertion;
  const values = { NameID: nameId, ...Object.fromEntries(attributes) };
  const nameOf = (field: SamlField) =>
    attributeNameOf(connection.settings, field) ?? (field === "loginName" ? "NameID" : null);
  const mapped = mappedFields(nameOf, (name) => (name === "NameID" ? nameId : attributes.get(name)?.[0]));
  try {
    return { values, mapped, identity: toIdentity(connection, assertion), problem: null };
  } catch (error) {
    if (error instanceof RefusedError) return { values, mapped, identity: null, problem: error };
    throw error;
  }
}

/** The names of the attributes that are mapped to our fields. */
export function mappedNames(settings: SamlSettings): Set<string> {
  const fields: SamlField[] = ["loginName", ...profileFields];
  const names = fields.map((field) => attributeNameOf(settings, field));
  return new Set(
    [...names, settings.subjectAttribute, settings.roleMapping?.name].flatMap((name) => name ?? []),
  );
}

/** The name under which the connection's provider sends a field; null if it comes as the NameID or not at all. */
function attributeNameOf(settings: SamlSettings, field: SamlField): string | null {
  return (
    settings.attributeNames?.[field] ?? table.find((entry) => entry.field === field)?.samlAttribute ?? null
  );
}

function requireAttributes(settings: SamlSettings, assertion: ParsedAssertion): void {
  const required = profileFields.flatMap((field) => {
    const row = table.find((entry) => entry.field === field);
    return row?.required ? [{ label: row.label, name: attributeNameOf(settings, field) ?? "" }] : [];
  });
  const missing = required.filter(({ name }) => firstValue(assertion, name) === null);
  judgeSignIn(
    attributeRules,
    { assertion, required: required.map(({ name }) => name) },
    { detail: `Missing: ${missing.map(({ label }) => label).join(", ")}.` },
  );
}

/** The roles that the mapped attribute grants; null if the connection maps none, which changes nothing. */
function rolesOf({ roleMapping }: SamlSettings, { attributes }: ParsedAssertion): AssignableRole[] | null {
  if (!roleMapping) return null;
  const values = attributes.get(roleMapping.name) ?? [];
  return values.some((value) => roleMapping.adminValues.includes(value)) ? ["admin"] : [];
}
