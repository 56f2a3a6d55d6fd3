import { agentRules } from "./agents.ts";
import { guideRules } from "./guides.ts";
import { listingRules } from "./listing.ts";
import { oidcRules } from "./oidc.ts";
import type { CheckRule } from "./rule.ts";
import { idpMetadataRules, samlRules } from "./saml.ts";
import { scimRules } from "./scim.ts";
import { scimAttributeRules } from "./scim-attributes.ts";
import { scimDiscoveryRules } from "./scim-discovery.ts";
import { scimGroupRules } from "./scim-groups.ts";
import { scimOAuthRules } from "./scim-oauth.ts";
import { scimPeopleRules } from "./scim-people.ts";
import { siteRules } from "./site.ts";
import { universalLogoutRules } from "./universal-logout.ts";

/** Every rule of the readiness check, in the order of the report. docs/reference/readiness-rules.md lists them. */
export const rules = {
  ...siteRules,
  ...listingRules,
  ...oidcRules,
  ...samlRules,
  ...idpMetadataRules,
  ...universalLogoutRules,
  ...agentRules,
  ...guideRules,
  ...scimRules,
  ...scimPeopleRules,
  ...scimAttributeRules,
  ...scimGroupRules,
  ...scimDiscoveryRules,
  ...scimOAuthRules,
} satisfies Record<string, CheckRule>;
export type RuleId = keyof typeof rules;
export const ruleIds = Object.keys(rules) as RuleId[];
