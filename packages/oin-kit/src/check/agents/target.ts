import { randomBytes, randomUUID } from "node:crypto";
import { type KnownClient, knownClient } from "../known-client.ts";
import { CheckReport } from "../report.ts";
import { authorizationOf, CheckScimClient, urns } from "../scim/client.ts";
import type { Leftover } from "../scim/ledger.ts";
import type { SiteCheck } from "../site.ts";
import { openWeb, type Web, type WebAnswer } from "../web.ts";
import { customerUrls } from "../wizard.ts";
import type { AgentCredentials, AgentPerson, AgentTarget } from "./agent-check.ts";
import type { CheckOrg } from "./org.ts";
import { jsonOf } from "./responses.ts";

/** The inputs of the area, from the options of the command. */
export interface AgentInputs {
  agent: AgentCredentials | null;
  org: CheckOrg | null;
  /** The keys of the connections to search for the org's. */
  connections: readonly string[];
  scim: { url: string; token: string } | null;
}

/** A target, and what removes its person at the end. It returns what it could not remove. */
export interface OpenTarget {
  target: AgentTarget;
  cleanUp(): Promise<Leftover[]>;
}

const missingAgent =
  'no agent was given: create one with `npm run --silent admin -- client create --name "Readiness check" --json > agent.json`, ' +
  "and pass --agent agent.json";
const missingOrg =
  "no org was given: create a connection for the check, and pass its issuer with --org and its key with --connection";

/** Finds the connection of the org, and creates a person. Returns why not if something was not given. */
export async function openTarget(
  site: SiteCheck,
  { agent, org, connections, scim }: AgentInputs,
): Promise<OpenTarget | string> {
  if (!agent) return missingAgent;
  if (!org) return missingOrg;
  const connection = await connectionOf(org, connections, site);
  if (!connection)
    return `no sign-in leads to ${org.issuer}: name a connection with this issuer with --connection`;
  const person = personOf(org, connection, site);
  if (scim) return await provisioned({ agent, org, connection, person }, scim, site.web);
  return {
    target: { agent, org, connection, person },
    cleanUp: () =>
      Promise.resolve([
        {
          kind: "user",
          id: person.email,
          why: "the first ID-JAG created the account, and there is no provisioning token",
        },
      ]),
  };
}

async function connectionOf(
  { issuer }: CheckOrg,
  keys: readonly string[],
  site: SiteCheck,
): Promise<(KnownClient & { key: string }) | null> {
  for (const key of keys) {
    const client = await knownClient(site, key);
    if (client?.issuer === issuer) return { ...client, key };
  }
  return null;
}

function personOf(org: CheckOrg, { clientId }: KnownClient, { url, product, web }: SiteCheck): AgentPerson {
  const id = randomBytes(6).toString("hex");
  const subject = `00uoincheck${id}`;
  const email = `oincheck-${id}@example.com`;
  const { universalLogout } = product.manifest;
  if (!universalLogout) return { subject, email, logOut: null, deactivate: null };
  const endpoint = customerUrls(product, url, "any").universalLogout;
  const named =
    universalLogout.subjectFormat === "Email"
      ? { format: "email", email }
      : { format: "iss_sub", iss: org.issuer, sub: subject };
  return {
    subject,
    email,
    logOut: async () => await logOut({ org, clientId, endpoint }, named, web),
    deactivate: null,
  };
}

/** Ends the person's sessions as Okta does (Okta: Universal Logout). */
async function logOut(
  { org, clientId, endpoint }: { org: CheckOrg; clientId: string; endpoint: string },
  named: object,
  web: Web,
): Promise<WebAnswer> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, nbf: now - 300, exp: now + 300 };
  const claims = { jti: randomUUID(), iss: org.issuer, sub: clientId, aud: endpoint, ...times };
  const token = await org.sign({ typ: "global-token-revocation+jwt" }, claims);
  return await web.send(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ sub_id: named }),
  });
}

/** Creates the person by SCIM, so that they can be deactivated, and deleted at the end. */
async function provisioned(
  target: AgentTarget,
  { url, token }: { url: string; token: string },
  web: Web,
): Promise<OpenTarget | string> {
  const { subject, email } = target.person;
  // A separate report, because the area scim has not begun yet.
  const clientOver = (way: Web) => new CheckScimClient(way, url, authorizationOf(token), new CheckReport());
  const scim = clientOver(web);
  const created = await scim.send("POST", "/Users", {
    schemas: [urns.user],
    userName: email,
    externalId: subject,
    name: { givenName: "Oincheck", familyName: "Agent" },
    emails: [{ primary: true, type: "work", value: email }],
    displayName: "Oincheck Agent",
    active: true,
  });
  const { id } = jsonOf(created);
  if (created.status !== 201 || typeof id !== "string")
    return `a person could not be created by SCIM: ${created.status}`;
  const path = `/Users/${encodeURIComponent(id)}`;
  const deactivate = async () => await scim.patch(path, { op: "replace", value: { active: false } });
  return {
    target: { ...target, person: { ...target.person, deactivate } },
    async cleanUp() {
      const { status } = await clientOver(openWeb()).send("DELETE", path);
      return status === 204 ? [] : [{ kind: "user", id, why: `DELETE: ${status}` }];
    },
  };
}
