/** One of Okta's rules that the manifest breaks. */
export interface Problem {
  /** Okta rejects the submission for an error. A warning costs a question or a round of review. */
  level: "error" | "warning";
  /** Where in config/integration.ts, as a path: `saml.spFlowDescription`. */
  field: string;
  /** Short stable name of the rule. */
  rule: string;
  /** The defect, the permitted values, and the page in Okta's docs. */
  message: string;
  /** The page of Okta's documentation that states the rule. */
  source: string;
}

/** The manifest has errors, so it cannot be submitted. */
export class InconsistentManifestError extends Error {
  override name = "InconsistentManifestError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.problems = problems;
  }
}

/** Pages of developer.okta.com/docs/guides with the section that states the rule. */
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
  crossAppAccess: "Okta: xaa-resource-metadata",
  testAccount: "Okta: submit-app-prereq, Test account",
  guides: "Okta: submit-app-prereq, Customer configuration document guidelines",
} as const;

/** A rule applied to one field of the manifest: Okta demands it (`must`) or recommends it (`should`). */
export type ManifestRule = {
  /** Where in config/integration.ts, as a path: `saml.spFlowDescription`. */
  field: string;
  /** Short stable name of the rule. */
  rule: string;
  /** The defect if the rule does not hold: the rest of a sentence that begins with the field. */
  otherwise: string;
  source: keyof typeof sources;
} & ({ must: boolean } | { should: boolean });

/** The rules that do not hold, each with its source at the end of the message. */
export function brokenRules(rules: readonly ManifestRule[]): Problem[] {
  return rules.flatMap((one) => {
    const [level, holds] =
      "must" in one ? (["error", one.must] as const) : (["warning", one.should] as const);
    const { field, rule, otherwise } = one;
    const source = sources[one.source];
    return holds ? [] : [{ level, field, rule, message: `${field} ${otherwise} (${source}).`, source }];
  });
}

/** A text that is required and has at most `limit` characters. */
export function textRules(
  field: string,
  value: string,
  limit: number,
  source: ManifestRule["source"],
): ManifestRule[] {
  const tooLong = `has ${value.length} characters, and at most ${limit} are allowed`;
  return [
    { field, rule: "required", must: value.trim() !== "", otherwise: "is required", source },
    { field, rule: "length", must: value.length <= limit, otherwise: tooLong, source },
  ];
}

/** An https URL, or an expression (in quotes) that makes one. */
export function httpsRules(field: string, value: string, source: ManifestRule["source"]): ManifestRule[] {
  const isHttps = /^'?https:\/\/[^/]/.test(value);
  return [
    { field, rule: "https", must: isHttps, otherwise: `must start with https://, not ${value}`, source },
  ];
}

/** An https URL of at most `limit` characters. */
export function urlRules(
  field: string,
  value: string,
  limit: number,
  source: ManifestRule["source"],
): ManifestRule[] {
  return [...httpsRules(field, value, source), ...textRules(field, value, limit, source)];
}
