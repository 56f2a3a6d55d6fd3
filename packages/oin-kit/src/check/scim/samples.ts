import { type PublishedAttribute, type PublishedSchema, withValue } from "./schemas.ts";

/** Which of two sets of values: a change is seen only if the values differ. */
export type Round = 0 | 1;

/** Base attributes, which other steps judge, and attributes that are not part of a profile. */
const leftOut = new Set([
  ...["userName", "active", "password", "groups", "emails", "roles", "entitlements"],
  ...["id", "externalId", "meta", "schemas", "x509Certificates"],
  // Servers may compute it from the other parts.
  ...["name.formatted", "name.givenName", "name.familyName"],
]);

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** Values as a directory has them: a server may refuse a locale or a telephone number of another form. */
const known: Record<string, readonly [unknown, unknown]> = {
  displayName: ["Oincheck First", "Oincheck Second"],
  nickName: ["Oin", "Check"],
  title: ["Engineer", "Architect"],
  userType: ["Employee", "Contractor"],
  preferredLanguage: ["en-US", "de-DE"],
  locale: ["en-US", "de-DE"],
  timezone: ["America/Los_Angeles", "Europe/Berlin"],
  profileUrl: ["https://example.com/oincheck/1", "https://example.com/oincheck/2"],
  "name.middleName": ["Ada", "Bea"],
  "name.honorificPrefix": ["Dr.", "Prof."],
  "name.honorificSuffix": ["III", "IV"],
  phoneNumbers: [[{ value: "+14155550100", type: "work" }], [{ value: "+14155550101", type: "work" }]],
  ims: [[{ value: "oincheck1", type: "xmpp" }], [{ value: "oincheck2", type: "xmpp" }]],
  photos: [
    [{ value: "https://example.com/oincheck/1.png", type: "photo" }],
    [{ value: "https://example.com/oincheck/2.png", type: "photo" }],
  ],
  addresses: [[address("1 Main Street", "94105")], [address("2 Main Street", "94107")]],
  [`${enterprise}:employeeNumber`]: ["701984", "701985"],
  [`${enterprise}:costCenter`]: ["4130", "4131"],
  [`${enterprise}:organization`]: ["Oincheck", "Oincheck Two"],
  [`${enterprise}:division`]: ["Theme Park", "Studios"],
  [`${enterprise}:department`]: ["Tour Operations", "R&D"],
};

function address(streetAddress: string, postalCode: string) {
  return {
    type: "work",
    streetAddress,
    locality: "San Francisco",
    region: "CA",
    postalCode,
    country: "US",
  };
}

export interface SampleSource {
  core: PublishedSchema | undefined;
  extensions: readonly PublishedSchema[];
  /** Paths of the product's attribute table: they are expected even if no schema publishes them. */
  declared: readonly string[];
  /** The id of a person who may be a manager. */
  managerId: string;
}

/** A value for every attribute of a profile, except the base attributes. Extensions are under their URN. */
export function sampleProfile(source: SampleSource, round: Round): Record<string, unknown> {
  const { core, extensions, declared } = source;
  const published = [
    ...(core ? pathsOf(core.attributes) : []),
    ...extensions.flatMap(({ id, attributes }) =>
      attributes.map((attribute): [string, PublishedAttribute] => [`${id}:${attribute.name}`, attribute]),
    ),
  ];
  const values = new Map<string, unknown>();
  for (const path of declared) if (path in known) values.set(path, known[path]?.[round]);
  for (const [path, attribute] of published) {
    if (leftOut.has(path) || !attribute.kept) continue;
    const value = sampleFor(path, attribute, source, round);
    if (value !== undefined) values.set(path, value);
  }
  let profile: Record<string, unknown> = {};
  for (const [path, value] of values) if (!leftOut.has(path)) profile = withValue(profile, path, value);
  return profile;
}

/** The attributes with their paths; a complex one with a single value is replaced by its parts. */
function pathsOf(attributes: readonly PublishedAttribute[]): [string, PublishedAttribute][] {
  return attributes.flatMap((attribute): [string, PublishedAttribute][] =>
    attribute.type === "complex" && !attribute.multiValued
      ? attribute.subAttributes.map((part) => [`${attribute.name}.${part.name}`, part])
      : [[attribute.name, attribute]],
  );
}

function sampleFor(path: string, attribute: PublishedAttribute, source: SampleSource, round: Round): unknown {
  if (path === `${enterprise}:manager`) return { value: source.managerId };
  const value = path in known ? known[path]?.[round] : generic(attribute, round);
  return value === undefined ? undefined : withoutUnpublished(value, attribute);
}

/** Leaves out the parts that the schema does not publish, like the country of an address. */
function withoutUnpublished(value: unknown, { subAttributes }: PublishedAttribute): unknown {
  if (!Array.isArray(value) || subAttributes.length === 0) return value;
  const isKept = (key: string) => subAttributes.some(({ name, kept }) => name === key && kept);
  return value.map((one) =>
    typeof one === "object" && one !== null
      ? Object.fromEntries(Object.entries(one).filter(([key]) => isKept(key)))
      : one,
  );
}

/** A value of the attribute's type; undefined if a server could not accept just any, as for certificates. */
function generic(attribute: PublishedAttribute, round: Round): unknown {
  const { name, type, multiValued, canonicalValues, subAttributes } = attribute;
  const single = () => {
    switch (type) {
      case "string":
        return canonicalValues[round] ?? canonicalValues[0] ?? `Oincheck ${name} ${round + 1}`;
      case "boolean":
        return round === 0;
      case "integer":
        return 7 + round;
      case "decimal":
        return 1.5 + round;
      case "dateTime":
        return `2026-01-0${round + 1}T00:00:00Z`;
      case "complex":
        return parts(subAttributes, round);
      default:
        return undefined;
    }
  };
  const value = single();
  return value === undefined ? undefined : multiValued ? [value] : value;
}

function parts(subAttributes: readonly PublishedAttribute[], round: Round): object | undefined {
  const held = subAttributes
    .filter(({ name, kept }) => kept && !["primary", "display", "$ref"].includes(name))
    .map((part) => [part.name, generic(part, round)])
    .filter(([, value]) => value !== undefined);
  return held.length > 0 ? Object.fromEntries(held) : undefined;
}
