import type { Product } from "../../product.ts";
import type { KnownClient } from "../known-client.ts";
import type { CheckReport } from "../report.ts";
import type { Web, WebAnswer } from "../web.ts";
import type { EvidenceStep } from "./evidence.ts";
import type { CheckOrg } from "./org.ts";
import { outcomeOf, type TokenResponse, tokenResponse } from "./responses.ts";

/** An agent that is registered at the deployment. */
export interface AgentCredentials {
  clientId: string;
  clientSecret: string;
}

/** The person whom the agent acts for, and how the check ends their access; null for a way that it does not have. */
export interface AgentPerson {
  subject: string;
  email: string;
  logOut: (() => Promise<WebAnswer>) | null;
  deactivate: (() => Promise<WebAnswer>) | null;
}

/** Everything that a right ID-JAG needs. */
export interface AgentTarget {
  agent: AgentCredentials;
  org: CheckOrg;
  /** The connection that has the org as its issuer. */
  connection: KnownClient & { key: string };
  person: AgentPerson;
}

type AgentAddresses = ReturnType<Product["addresses"]["agents"]>;
type Probe = AgentAddresses["resources"][number]["probe"];

/** Sends the requests of the area, and records them as evidence. */
export class AgentCheck {
  readonly addresses: AgentAddresses;
  readonly scopes: readonly string[];
  readonly web: Web;
  readonly report: CheckReport;
  readonly steps: EvidenceStep[] = [];

  constructor(addresses: AgentAddresses, scopes: readonly string[], web: Web, report: CheckReport) {
    this.addresses = addresses;
    this.scopes = scopes;
    this.web = web;
    this.report = report;
  }

  /** Calls a resource. @param token null for none. */
  async call(step: string, probe: Probe, token: string | null): Promise<WebAnswer> {
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const request =
      probe.method === "GET"
        ? { method: "GET", headers: authorization }
        : {
            method: "POST",
            headers: { "content-type": "application/json", ...probe.headers, ...authorization },
            body: JSON.stringify(probe.body),
          };
    const answer = await this.web.send(probe.url, request);
    this.record(step, answer, String(answer.status));
    return answer;
  }

  /** Presents an ID-JAG at the token endpoint (RFC 7523 §2.1). @param scope to ask for; all by default. */
  async exchange(
    step: string,
    { clientId, clientSecret }: AgentCredentials,
    assertion: string,
    scope?: string,
  ): Promise<TokenResponse> {
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
    });
    if (scope !== undefined) form.set("scope", scope);
    const answer = await this.web.send(this.addresses.tokenEndpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: `Basic ${basic(clientId, clientSecret)}`,
      },
      body: form.toString(),
    });
    const response = tokenResponse(answer);
    this.record(step, answer, outcomeOf(response));
    return response;
  }

  record(step: string, answer: WebAnswer, outcome: string): void {
    const request = `${answer.method} ${answer.path}`;
    this.steps.push({ at: new Date().toISOString(), step, request, outcome: this.report.redacted(outcome) });
  }
}

/** Client ID and secret are encoded before they are joined (RFC 6749 §2.3.1). */
function basic(clientId: string, clientSecret: string): string {
  const encoded = [clientId, clientSecret].map((part) => encodeURIComponent(part).replaceAll("%20", "+"));
  return Buffer.from(encoded.join(":")).toString("base64");
}
