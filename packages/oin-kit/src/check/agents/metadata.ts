import { wellKnownOf } from "../../cross-app-access.ts";
import type { AgentResource } from "../../product.ts";
import type { RuleId } from "../rules/all.ts";
import { isRedirect, shown, type WebAnswer } from "../web.ts";
import type { AgentCheck } from "./agent-check.ts";
import { jsonOf } from "./responses.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const idJagProfile = "urn:ietf:params:oauth:grant-profile:id-jag";

type Metadata = Record<string, unknown>;

/** A fact that the authorization server's metadata has to state. */
interface StatedFact {
  rule: RuleId;
  holds(metadata: Metadata, check: AgentCheck): boolean;
  /** The members to show. */
  members: readonly string[];
}

const facts: readonly StatedFact[] = [
  {
    rule: "agents-issuer",
    holds: ({ issuer }, { addresses }) => issuer === addresses.issuer,
    members: ["issuer"],
  },
  {
    rule: "agents-token-endpoint",
    holds: ({ token_endpoint: endpoint }, { addresses }) => endpoint === addresses.tokenEndpoint,
    members: ["token_endpoint"],
  },
  {
    rule: "agents-grant-type",
    holds: ({ grant_types_supported: types }) => wordsOf(types).includes(jwtBearer),
    members: ["grant_types_supported"],
  },
  {
    rule: "agents-profile",
    holds: ({ authorization_grant_profiles_supported: profiles }) => wordsOf(profiles).includes(idJagProfile),
    members: ["authorization_grant_profiles_supported"],
  },
  {
    rule: "agents-scopes",
    holds: ({ scopes_supported: scopes }, check) =>
      check.scopes.every((one) => wordsOf(scopes).includes(one)),
    members: ["scopes_supported"],
  },
  {
    rule: "agents-client-authentication",
    // RFC 8414 §2: without the member, it is client_secret_basic.
    holds: ({ token_endpoint_auth_methods_supported: methods = ["client_secret_basic"] }) =>
      wordsOf(methods).length > 0 && !wordsOf(methods).includes("none"),
    members: ["token_endpoint_auth_methods_supported"],
  },
  {
    rule: "agents-no-refresh-grant",
    // The list is about all clients of a server. One that issues codes, too, has refresh tokens for those.
    holds: ({ grant_types_supported: types }) =>
      !wordsOf(types).includes("refresh_token") || wordsOf(types).includes("authorization_code"),
    members: ["grant_types_supported"],
  },
  {
    rule: "agents-no-trusted-issuers",
    holds: (metadata) => issuerLists(metadata).length === 0,
    members: [],
  },
];

/** Reads what the authorization server and its resources publish. Returns whether the server publishes anything. */
export async function judgeMetadata(check: AgentCheck): Promise<boolean> {
  const { addresses, report } = check;
  const metadata = await judgeDocument(
    "agents-metadata",
    wellKnownOf(addresses.issuer, "oauth-authorization-server"),
    check,
  );
  if (metadata) {
    for (const { rule, holds, members } of facts) {
      const seen = members.map((name) => `${name}: ${JSON.stringify(metadata[name]) ?? "absent"}`).join("; ");
      report.judge(
        rule,
        holds(metadata, check),
        seen || `lists of issuers: ${issuerLists(metadata).join(", ") || "none"}`,
      );
    }
  }
  for (const resource of addresses.resources) {
    await judgeResource(resource, check);
    await judgeChallenge(resource, check);
  }
  return metadata !== null;
}

async function judgeResource({ name, url }: AgentResource, check: AgentCheck): Promise<void> {
  const { addresses, report, scopes } = check;
  const metadata = await judgeDocument(
    "agents-resource-metadata",
    wellKnownOf(url, "oauth-protected-resource"),
    check,
  );
  if (!metadata) return;
  const { resource, authorization_servers: servers, scopes_supported: supported } = metadata;
  report.judge("agents-resource-identifier", resource === url, `${name}: ${JSON.stringify(resource)}`);
  report.judge(
    "agents-resource-server",
    wordsOf(servers).includes(addresses.issuer),
    `${name}: authorization_servers: ${JSON.stringify(servers)}`,
  );
  report.judge(
    "agents-resource-scopes",
    scopes.every((one) => wordsOf(supported).includes(one)),
    `${name}: scopes_supported: ${JSON.stringify(supported)}`,
  );
}

/** A stranger's call has to lead to the metadata of the resource. */
async function judgeChallenge({ name, probe }: AgentResource, check: AgentCheck): Promise<void> {
  const { report } = check;
  const answer = await check.call(`${name} without a token`, probe, null);
  const challenge = answer.headers.get("www-authenticate") ?? "";
  const [, document = ""] = /^Bearer\b.*\bresource_metadata="([^"]+)"/i.exec(challenge) ?? [];
  const leads = answer.status === 401 && URL.canParse(document);
  const metadata = leads ? jsonOf(await check.web.send(document)) : {};
  report.judge(
    "agents-challenge",
    "resource" in metadata,
    `${shown(answer)}, WWW-Authenticate: ${challenge || "absent"}`,
  );
  const unknown = await check.call(`${name} with an unknown token`, probe, "oincheck-unknown");
  report.judge("agents-unknown-token", unknown.status === 401, shown(unknown));
}

/** The document as an object; null if it is not served as the RFCs say. */
async function judgeDocument(
  rule: "agents-metadata" | "agents-resource-metadata",
  url: string,
  { web, report }: AgentCheck,
): Promise<Metadata | null> {
  const answer = await web.send(url);
  const isServed = answer.status === 200 && !isRedirect(answer) && isJson(answer);
  const metadata = isServed ? jsonOf(answer) : {};
  const holds = Object.keys(metadata).length > 0;
  report.judge(rule, holds, shown(answer));
  return holds ? metadata : null;
}

function isJson({ headers }: WebAnswer): boolean {
  return /^application\/(.+\+)?json\b/.test(headers.get("content-type") ?? "");
}

function wordsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** The members that list issuers of others. */
function issuerLists(metadata: Metadata): string[] {
  return Object.keys(metadata).filter((name) => /issuers|trusted|identity_providers|\bidps?\b/i.test(name));
}
