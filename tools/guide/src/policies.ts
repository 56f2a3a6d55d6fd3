import { readFileSync } from "node:fs";
import type { Rule } from "policy-list/policy";
import { policy as samlPhases } from "saml-policy/policy"; // SAML
import {
  agentRules,
  assertionRules,
  connectionRules,
  grantRules,
  personRules,
  proofRules,
  resourceRules,
  scopeRules,
  switchRules,
} from "../../../src/cross-app-access/policy.ts";
import { clientGrantRules, clientRules, grantTypeRules, requestRules } from "../../../src/oauth/policy.ts";
import { revocationRules } from "../../../src/oauth/revocation.ts";
import { oidcPolicy } from "../../../src/oidc/policy.ts";
import { initiationRules } from "../../../src/oidc/sign-in-rules.ts";
import {
  addressRules,
  codeRules,
  consentRules,
  ownerRules,
  questionRules,
  refreshRules,
} from "../../../src/scim-authorization/policy.ts";
import {
  claimRules,
  contentRules,
  eventRules,
  headerRules,
  signatureRules,
  stateRules,
  streamRules,
} from "../../../src/shared-signals/policy.ts";
import { streamPolicy } from "../../../src/shared-signals/stream-policy.ts";
import { revocationPolicy } from "../../../src/universal-logout/policy.ts";
import { callPolicy } from "../../../src/web/access-token-policy.ts";
import { fileUrl } from "./files.ts";

const [begin, end] = ["<!-- policy: written by npm run guide -->", "<!-- end of the policy -->"];

type RuleRow = Pick<Rule<never>, "id" | "name" | "citation" | "reason">;

/** One table: rules that are judged together, in their order. */
interface PolicyTable {
  title: string;
  rules: readonly RuleRow[];
}

const tables: ReadonlyMap<string, readonly PolicyTable[]> = new Map<string, readonly PolicyTable[]>([
  // SAML {
  [
    "docs/explanation/saml.md",
    samlPhases.map(({ name, isEncryption, rules }) => ({
      title: isEncryption ? `${name}, if the assertion is encrypted` : name,
      rules,
    })),
  ],
  // SAML }
  [
    "docs/explanation/oidc.md",
    [
      { title: "A sign-in that the org starts", rules: initiationRules },
      { title: "The browser comes back", rules: oidcPolicy.callback },
      { title: "The token response and the ID token", rules: oidcPolicy.token },
      { title: "The userinfo response", rules: oidcPolicy.userInfo },
      { title: "The person", rules: oidcPolicy.identity },
    ],
  ],
  ["docs/explanation/universal-logout.md", [{ title: "A call", rules: revocationPolicy }]],
  [
    "docs/explanation/shared-signals.md",
    [
      { title: "The request and the stream", rules: [...headerRules, ...contentRules, ...streamRules] },
      { title: "The signature", rules: signatureRules },
      { title: "The claims", rules: claimRules },
      { title: "The event, and its state in the transaction", rules: [...eventRules, ...stateRules] },
      { title: "Setting a stream up: the consent", rules: streamPolicy.callback },
      { title: "Setting a stream up: the tokens", rules: streamPolicy.grant },
      { title: "Setting a stream up: the transmitter", rules: streamPolicy.transmitter },
      { title: "Managing a stream: each call", rules: streamPolicy.call },
      { title: "Managing a stream: its configuration", rules: streamPolicy.stream },
    ],
  ],
  [
    "docs/explanation/cross-app-access.md",
    [
      {
        title: "The request and its client",
        rules: [...requestRules, ...clientRules, ...grantTypeRules, ...clientGrantRules, ...grantRules],
      },
      { title: "The connection", rules: [...connectionRules, ...switchRules] },
      { title: "The assertion", rules: assertionRules },
      { title: "The resource and the key of the token", rules: [...resourceRules, ...proofRules] },
      {
        title: "The agent, the person and the scopes, in the transaction that issues the token",
        rules: [...agentRules, ...personRules, ...scopeRules],
      },
      { title: "A call with the access token", rules: callPolicy },
    ],
  ],
  [
    "docs/explanation/scim-authorization.md",
    [
      { title: "Okta sends the browser, before it may be sent anywhere", rules: addressRules },
      { title: "The request, of which Okta learns the error", rules: questionRules },
      { title: "The person, and what they allow", rules: [...ownerRules, ...consentRules] },
      { title: "A code at the token endpoint, after the client has authenticated", rules: codeRules },
      { title: "A refresh token", rules: refreshRules },
      { title: "A revocation", rules: revocationRules },
    ],
  ],
]);

/** Pages with the tables of the policies that they explain, by path. The text around the tables is written by hand. */
export function policyTexts(): ReadonlyMap<string, string> {
  return new Map([...tables].map(([path, its]) => [path, withTables(path, its)]));
}

function withTables(path: string, its: readonly PolicyTable[]): string {
  const page = readFileSync(fileUrl(path), "utf8");
  const [before, rest] = page.split(`${begin}\n`);
  const after = rest?.split(`${end}\n`)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for the policy`);
  return `${before}${begin}\n\n${its.map(asText).join("\n")}\n${end}\n${after}`;
}

function asText({ title, rules }: PolicyTable, index: number): string {
  const rows = rules.map(
    ({ id, name, reason, citation }) => `| ${name} | \`${reason}\` | ${citation} | \`${id}\` |`,
  );
  return [
    `**${index + 1}. ${title}**`,
    "",
    "| what must hold | reason | source | rule |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
