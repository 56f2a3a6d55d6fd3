/** A rule of Okta's that the manifest breaks. */
export interface Problem {
  /** An error keeps the submission from being accepted; a warning costs a question or a round of review. */
  level: "error" | "warning";
  /** Where in config/integration.ts, as a path: `saml.spFlowDescription`. */
  field: string;
  /** Short stable name of the rule. */
  rule: string;
  /** What is wrong, what is allowed, and where Okta says so. */
  message: string;
  /** The page of Okta's documentation that states the rule. */
  source: string;
}

/** The manifest cannot be submitted as it is. */
export class InconsistentManifestError extends Error {
  override name = "InconsistentManifestError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.problems = problems;
  }
}

/** The pages of developer.okta.com/docs/guides that rules come from, with their sections. */
const sources = {
  catalog: "Okta: submit-oin-app, Catalog properties",
  logo: "Okta: submit-app-prereq, Logo guidelines",
  useCases: "Okta: submit-app-prereq, Use case guidelines",
  support: "Okta: submit-app-prereq, Customer support contact",
  escalation: "Okta: submit-oin-app, Support email",
  variables: "Okta: submit-oin-app, Tenant settings",
  reservedNames: "Okta: release notes 2025 (OKTA-980811)",
  capabilities: "Okta: submit-oin-app, Select protocol",
  oidc: "Okta: submit-oin-app (OpenID Connect), Protocol properties",
  saml: "Okta: submit-oin-app (SAML 2.0), Protocol properties",
  samlFlows: "Okta: submit-oin-app (SAML 2.0), Test information",
  oidcFlows: "Okta: submit-oin-app (OpenID Connect), Test information",
  scim: "Okta: submit-oin-app (SCIM 2.0), Protocol properties",
  scimServer: "Okta: scim-provisioning-integration-prepare",
  scimAttributes: "Okta: concepts/scim/faqs",
  entitlements: "Okta: scim-with-entitlements",
  universalLogout: "Okta: submit-oin-app, Universal Logout properties",
  testAccount: "Okta: submit-app-prereq, Test account",
} as const;

type Source = keyof typeof sources;

/** Nothing when the rule holds; else the error, with the source at the end of its message. */
export function must(
  holds: boolean,
  field: string,
  rule: string,
  message: string,
  source: Source,
): Problem[] {
  return holds ? [] : [problem("error", field, rule, message, source)];
}

/** As `must`, for what Okta recommends. */
export function should(
  holds: boolean,
  field: string,
  rule: string,
  message: string,
  source: Source,
): Problem[] {
  return holds ? [] : [problem("warning", field, rule, message, source)];
}

/** A text that has to be there and not exceed `limit` characters. */
export function text(field: string, value: string, limit: number, source: Source): Problem[] {
  return [
    ...must(value.trim() !== "", field, "required", "is required", source),
    ...must(
      value.length <= limit,
      field,
      "length",
      `has ${value.length} characters, and at most ${limit} are allowed`,
      source,
    ),
  ];
}

/** A URL or an expression for one: https, and not too long. */
export function url(field: string, value: string, limit: number, source: Source): Problem[] {
  const secure = value.replace(/^'/, "").startsWith("https://");
  return [
    ...must(secure, field, "https", `must start with https://, not ${value}`, source),
    ...text(field, value, limit, source),
  ];
}

function problem(
  level: Problem["level"],
  field: string,
  rule: string,
  message: string,
  source: Source,
): Problem {
  const where = sources[source];
  return { level, field, rule, message: `${field} ${message} (${where}).`, source: where };
}
