import { brand } from "../../../config/brand.ts";
import { paths } from "../../../src/endpoints.ts";
import { landingPath } from "../../../src/web/home.ts";
import { exchange, type Sent } from "./exchange.ts";
import { versionName, type WriteLedger } from "./ledger.ts";
import type { LoadClient, SendRequest } from "./load.ts";

/** The credentials of all clients. */
export interface LoadCredentials {
  scim: string;
  apiKey: string;
  agent: string;
  /** The session cookies of administrators; the first one invites people. */
  sessions: readonly string[];
}

const productCalls: readonly string[] = [
  `${paths.api}/tasks`, // sample domain
];
const [productCall] = productCalls;

/** Everyone who uses the application in a small company's hour, in a few seconds. */
export function usualClients(
  origin: string,
  credentials: LoadCredentials,
  ledger: WriteLedger,
): LoadClient[] {
  const [first = "", ...others] = credentials.sessions;
  return [
    creatingScim(credentials.scim, ledger),
    renamingScim(credentials.scim, ledger),
    readingScim(credentials.scim),
    inviting(first, origin, ledger),
    ...others.map(reading),
    usingApi(credentials.apiKey, ledger),
    usingMcp(credentials.agent),
  ];
}

const json = (authorization: string, type = "application/json") => ({
  authorization,
  accept: type,
  "content-type": type,
});
const scimHeaders = (authorization: string) => json(authorization, "application/scim+json");

async function createPerson(send: SendRequest, authorization: string, userName: string) {
  const body = JSON.stringify({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName,
    name: { givenName: "Test", familyName: "User" },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: "Test User",
    active: true,
  });
  const path = `${paths.scim}/Users`;
  const headers = scimHeaders(authorization);
  return await send({ method: "POST", path, headers, body, purpose: "write" }, 201);
}

function creatingScim(authorization: string, ledger: WriteLedger): LoadClient {
  let count = 0;
  return {
    kind: "SCIM",
    pauseMs: 20,
    async turn(send) {
      const userName = `created-${count++}@acme.example`;
      ledger.created(userName, (await createPerson(send, authorization, userName)).outcome);
    },
  };
}

function renamingScim(authorization: string, ledger: WriteLedger): LoadClient {
  const userName = "renamed@acme.example";
  let id: string | null = null;
  let version = 0;
  return {
    kind: "SCIM",
    pauseMs: 20,
    async turn(send) {
      if (id === null) {
        // Looks first, as Okta does: a creation that was answered with 503 may have been made.
        const { answer: found } = await send(lookUp(authorization, userName), 200);
        if (found?.status !== 200) return;
        [id = null] = (JSON.parse(found.text) as { Resources: { id: string }[] }).Resources.map(
          (one) => one.id,
        );
        if (id === null) {
          await createPerson(send, authorization, userName);
          return;
        }
      }
      version++;
      const body = JSON.stringify({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: "replace", value: { displayName: versionName(version) } }],
      });
      const path = `${paths.scim}/Users/${id}`;
      const headers = scimHeaders(authorization);
      const sent: Sent = { method: "PATCH", path, headers, body, purpose: "write" };
      ledger.renamed(userName, version, (await send(sent, 200, 204)).outcome);
    },
  };
}

function lookUp(authorization: string, userName: string): Sent {
  const path = `${paths.scim}/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`;
  return { method: "GET", path, headers: { authorization, accept: "application/scim+json" } };
}

function readingScim(authorization: string): LoadClient {
  const requests = [
    lookUp(authorization, "renamed@acme.example"),
    { ...lookUp(authorization, ""), path: `${paths.scim}/Users?startIndex=1&count=20` },
  ];
  let turns = 0;
  return {
    kind: "SCIM",
    pauseMs: 30,
    async turn(send) {
      await send(requests[turns++ % requests.length] as Sent, 200);
    },
  };
}

const pages = [paths.account, paths.admin.home, paths.admin.people, paths.admin.activity, landingPath];
const browserHeaders = (cookie: string) => ({ cookie, accept: "text/html" });

function reading(cookie: string): LoadClient {
  let turns = 0;
  return {
    kind: "pages",
    pauseMs: 40,
    async turn(send) {
      const path = pages[turns++ % pages.length] ?? "";
      await send({ method: "GET", path, headers: browserHeaders(cookie) }, 200);
    },
  };
}

/** A tenant may send a hundred invitations a day. */
const mostInvitations = 90;

/** Sends a form and opens the page that shows its answer. */
function inviting(cookie: string, origin: string, ledger: WriteLedger): LoadClient {
  const page = paths.admin.invitations;
  let count = 0;
  return {
    kind: "pages",
    pauseMs: 250,
    async turn(send) {
      if (count < mostInvitations) {
        const email = `invited-${count++}@acme.example`;
        const headers = {
          ...browserHeaders(cookie),
          "content-type": "application/x-www-form-urlencoded",
          origin,
          "sec-fetch-site": "same-origin",
        };
        const body = String(new URLSearchParams({ email, role: "member" }));
        const sent: Sent = { method: "POST", path: page, headers, body, purpose: "write" };
        ledger.created(email, (await send(sent, 303)).outcome);
      }
      await send({ method: "GET", path: page, headers: browserHeaders(cookie) }, 200);
    },
  };
}

function usingApi(authorization: string, ledger: WriteLedger): LoadClient {
  let count = 0;
  return {
    kind: "API",
    pauseMs: 40,
    async turn(send) {
      const path = productCall ?? paths.apiDescription;
      await send({ method: "GET", path, headers: json(authorization) }, 200);
      if (productCall === undefined) return;
      const title = `${brand.productName} ${count++}`; // sample domain
      const body = JSON.stringify({ title }); // sample domain
      const headers = json(authorization); // sample domain
      const sent: Sent = { method: "POST", path, headers, body, purpose: "write" }; // sample domain
      ledger.posted(title, (await send(sent, 201)).outcome); // sample domain
    },
  };
}

/** The titles that the product's API lists, on all pages; less if it does not answer, so that they count as lost. */
export async function listTitles(origin: string, authorization: string): Promise<Set<string>> {
  const titles = new Set<string>();
  let path = productCall ?? null;
  while (path !== null) {
    const got = await exchange(origin, { method: "GET", path, headers: json(authorization) });
    if (typeof got === "string" || got.status !== 200) break;
    const page = JSON.parse(got.text) as { items: { title: string }[]; nextCursor?: string | null };
    for (const { title } of page.items) titles.add(title);
    const { nextCursor: cursor } = page;
    path = cursor ? `${productCall}?${new URLSearchParams({ cursor })}` : null;
  }
  return titles;
}

function usingMcp(authorization: string): LoadClient {
  const headers = {
    ...json(authorization),
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });
  return {
    kind: "agents",
    pauseMs: 60,
    async turn(send) {
      await send({ method: "POST", path: paths.mcp, headers, body }, 200);
    },
  };
}
