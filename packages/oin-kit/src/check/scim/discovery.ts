import type { RuleId } from "../rules/all.ts";
import { shown } from "../web.ts";
import { isSuccess, type ScimCheck } from "./answers.ts";
import type { Assignable } from "./assignments.ts";
import { type CheckScimAnswer, urns } from "./client.ts";
import { judgeEntitlements } from "./entitlements.ts";
import { at, listAt, textAt } from "./json.ts";
import { attributeAt, type PublishedSchema, readSchemas, splitPath } from "./schemas.ts";

/** The findings at the discovery endpoints (RFC 7644 §4). */
export interface Discovery {
  /** The core schema of User; undefined if it is not published. */
  core: PublishedSchema | undefined;
  /** The extensions of User. */
  extensions: PublishedSchema[];
  /** One role or entitlement of each kind that the server offers. */
  assignable: Assignable[];
}

/** Judges the discovery endpoints, and returns what later steps need from them. */
export async function judgeDiscovery(check: ScimCheck): Promise<Discovery> {
  const { scim, report } = check;
  const config = await scim.get("/ServiceProviderConfig");
  const describes = isSuccess(config) && typeof at(config.json, "patch", "supported") === "boolean";
  report.judge("scim-service-provider-config", describes, shown(config));
  judgeConfig(check, config);

  const schemas = await scim.get("/Schemas");
  const published = readSchemas(schemas.json);
  const core = published.find(({ id }) => id === urns.user);
  const hasCore = core ? "" : ", without the core User schema";
  report.judge("scim-schemas", isSuccess(schemas) && core !== undefined, `${shown(schemas)}${hasCore}`);

  const types = await scim.get("/ResourceTypes");
  const resourceTypes = listAt(types.json, "Resources");
  const user = resourceTypes.find((type) => at(type, "schema") === urns.user);
  report.judge(
    "scim-resource-types",
    isSuccess(types) && user !== undefined,
    `${shown(types)}${user ? "" : ", without User"}`,
  );
  judgeResourceTypes(check, types, resourceTypes);
  judgeAttributesOfSchemas(check, schemas);
  judgeExtensions(check, published, resourceTypes, isSuccess(schemas));
  const announced = extensionsOf(user);
  const extensions = published.filter(({ id }) => announced.includes(id));
  judgeImport(check, { core, extensions, hasUser: user !== undefined });
  return { core, extensions, assignable: await judgeEntitlements(check, resourceTypes) };
}

/** A configuration that denies what Okta uses contradicts the Wizard's boxes. */
function judgeConfig({ report, declared }: ScimCheck, config: CheckScimAnswer): void {
  const used = ["filter", ...(declared?.capability.users.patch ? ["patch"] : [])];
  for (const name of used) {
    if (at(config.json, name, "supported") === false)
      report.judge("scim-service-provider-config", false, `${shown(config)}: ${name}.supported is false`);
  }
}

/** Okta calls these paths, also if the resource type says another one. */
const endpoints: Readonly<Record<string, RegExp>> = { [urns.user]: /\/?Users$/, [urns.group]: /\/?Groups$/ };

function judgeResourceTypes({ report }: ScimCheck, answer: CheckScimAnswer, types: unknown[]): void {
  if (types.length === 0) return;
  const broken = types.flatMap((type, index) => {
    const lacking = ["name", "endpoint", "schema"].filter((field) => textAt(type, field) === null);
    const name = textAt(type, "name") ?? `number ${index + 1}`;
    if (lacking.length > 0) return [`${name} lacks ${lacking.join(", ")}`];
    const [schema, endpoint] = [textAt(type, "schema") ?? "", textAt(type, "endpoint") ?? ""];
    return endpoints[schema]?.test(endpoint) === false ? [`${name} is at ${endpoint}`] : [];
  });
  const seen = broken.length > 0 ? `: ${broken.join("; ")}` : "";
  report.judge("scim-resource-type-fields", broken.length === 0, `${shown(answer)}${seen}`);
}

function judgeAttributesOfSchemas({ report }: ScimCheck, answer: CheckScimAnswer): void {
  const schemas = listAt(answer.json, "Resources");
  if (schemas.length === 0) return;
  const broken = schemas.flatMap((schema) => {
    const attributes = listAt(schema, "attributes");
    const whole = attributes.every((one) => textAt(one, "name") !== null && textAt(one, "type") !== null);
    if (attributes.length > 0 && whole) return [];
    return [
      `${attributes.length > 0 ? "attributes without name or type" : "no attributes"} in ${at(schema, "id")}`,
    ];
  });
  const seen = broken.length > 0 ? `: ${broken.join("; ")}` : "";
  report.judge("scim-schema-attributes", broken.length === 0, `${shown(answer)}${seen}`);
}

function extensionsOf(type: unknown): string[] {
  return listAt(type, "schemaExtensions").flatMap((one) => textAt(one, "schema") ?? []);
}

/** Okta knows the enterprise extension, but Import User Schema offers only what /Schemas has. */
function judgeExtensions(
  { report }: ScimCheck,
  schemas: PublishedSchema[],
  types: unknown[],
  isServed: boolean,
): void {
  const announced = [...new Set(types.flatMap(extensionsOf))];
  if (announced.length === 0 || !isServed) {
    const why = isServed ? "/ResourceTypes announces no extension" : "/Schemas is not served";
    report.notCheckable("scim-schema-extensions", why);
    return;
  }
  const absent = announced.filter((urn) => !schemas.some(({ id }) => id === urn));
  const seen =
    absent.length > 0 ? `/Schemas lacks ${absent.join(", ")}` : `/Schemas has all ${announced.length}`;
  report.judge("scim-schema-extensions", absent.length === 0, seen);
}

/** The attributes that every catalog app provisions (Okta: "Build your SCIM API service"). */
const base = ["userName", "name.givenName", "name.familyName", "emails"];

/** "Import User Schema" offers what /Schemas publishes, and fills only what it marks as required. */
function judgeImport(
  { report, declared }: ScimCheck,
  { core, extensions, hasUser }: Pick<Discovery, "core" | "extensions"> & { hasUser: boolean },
): void {
  if (!declared?.capability.users.importUserSchema) {
    const rules: RuleId[] = ["scim-import-user-schema", "scim-schema-required"];
    for (const rule of rules) report.notCheckable(rule, "no manifest declares Import User Schema");
    return;
  }
  const find = (path: string) => {
    const { urn, names } = splitPath(path);
    const schema = urn === null ? core : extensions.find(({ id }) => id === urn);
    return attributeAt(schema, names.join("."));
  };
  const absent = [...base, ...declared.attributes].filter((path) => find(path) === null);
  const readOnly = declared.attributes.filter((path) => find(path)?.mutability === "readOnly");
  const problems = [
    ...(find("emails")?.multiValued === false ? ["/Schemas has emails with a single value"] : []),
    ...(readOnly.length > 0 ? [`/Schemas has as readOnly: ${readOnly.join(", ")}`] : []),
    ...(hasUser ? [] : ["/ResourceTypes lacks User"]),
    ...(core ? [] : ["/Schemas lacks the core User schema"]),
    ...(absent.length > 0 ? [`/Schemas lacks ${[...new Set(absent)].join(", ")}`] : []),
  ];
  report.judge(
    "scim-import-user-schema",
    problems.length === 0,
    problems.join("; ") || "everything is there",
  );
  const optional = base.filter((path) => !find(path)?.required);
  const seen = optional.length > 0 ? `not required: ${optional.join(", ")}` : "all four are required";
  if (core) report.judge("scim-schema-required", optional.length === 0, seen);
}
