import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type AppDeps, createApp } from "../../src/app.ts";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { createLog } from "../../src/log.ts";
import type { User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { apiKeyOf } from "../helpers/api-keys.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { type Answer, Client } from "../helpers/client.ts";
import { allScopes, registerAgent } from "../helpers/id-jag.ts";
import type { TenantA } from "../helpers/isolation.ts";
import { createLocalAccount, testPasswordCost } from "../helpers/people.ts";
import { pathOfAny } from "../helpers/route-values.ts";
import { everyRoute, probeRoutes, type Route } from "../helpers/routes.ts";
import { plantSession, sessionSecret } from "../helpers/site.ts";
import { type Caller, callers, type Refusal } from "./callers.ts";
import { groupOf } from "./route-groups.ts";

/** The status of a probe: no part of the application uses it. */
const probed = 299;

/** The application twice: as it is, and with a probe in place of each route's last handler, so that no form changes anything. */
export interface SweptApp {
  routes: Route[];
  url: string;
  /** @param sent replaces the body and headers of a request that is not a GET. */
  ask(app: "real" | "probed", caller: Caller, method: string, path: string, sent?: Sent): Promise<Answer>;
  close(): Promise<void>;
}

interface Sent {
  headers: Record<string, string>;
  body: Buffer<ArrayBuffer>;
}

/** Starts both on one port: a header says which one a request is for. */
export async function startSweptApp(
  database: Database,
  own: TenantA & { store: TenantStore },
  plant?: () => AppDeps["extraRoutes"],
): Promise<SweptApp> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const config = quietConfig({
    port,
    baseUrl: url,
    sessionSecret,
    forwardAuthAudiences: ["x"],
    insecureAllowPrivateNetwork: true,
  });
  const cheap = { passwordCost: testPasswordCost, generateKeys: pooledKeys, log: createLog("silent") };
  const create = () => {
    const extraRoutes = plant?.();
    return createApp({ config, database, ...cheap, ...(extraRoutes ? { extraRoutes } : {}) });
  };
  const [real, withProbes] = [create(), create()];
  probeRoutes(withProbes, (_req, res) => void res.status(probed).end());
  server.on("request", (req, res) => (req.headers["x-probed"] ? withProbes : real)(req, res));
  const credentials = await credentialsOf(database, own, url);
  return {
    routes: everyRoute(real),
    url,
    async ask(app, caller, method, path, sent) {
      const client = new Client(`http://127.0.0.1:${port}`, url);
      const headers = { ...credentials[caller], ...(app === "probed" ? { "x-probed": "1" } : {}) };
      const ownPages = { accept: "text/html", origin: url, "sec-fetch-site": "same-origin" };
      if (method === "GET") return await client.get(path, headers);
      if (sent)
        return await client.send(method, path, { ...ownPages, ...headers, ...sent.headers }, sent.body);
      if (!isOfMachines(path))
        return await client.send(method, path, { ...ownPages, ...headers }, new URLSearchParams());
      // Nothing is wrong with it but the caller or the id.
      const match: Record<string, string> = path.startsWith("/api") ? { "if-match": "*" } : {};
      const json = { ...ownPages, "content-type": "application/json", ...match, ...headers };
      return await client.send(method, path, json, JSON.stringify(bodyFor(method, path)));
    },
    close: () => closeServer(server),
  };
}

export const isOfMachines = (path: string) => /^\/(api|scim|mcp)\b/.test(path);

function bodyFor(method: string, path: string): object {
  if (!path.startsWith("/scim")) return {};
  if (method !== "PATCH") return { userName: "swept", displayName: "Swept" };
  const Operations = [{ op: "replace", path: "displayName", value: "Swept" }];
  return { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The headers by which each caller is known. All are of one tenant. */
async function credentialsOf(
  database: Database,
  { store, connectionId }: TenantA & { store: TenantStore },
  url: string,
): Promise<Record<Caller, Record<string, string>>> {
  const person = (role: "member" | "admin" | "owner") =>
    createLocalAccount(store, `${role}-${sweeps}@sweep.example`, role);
  sweeps += 1;
  const [member, admin, owner] = [await person("member"), await person("admin"), await person("owner")];
  const session = async (user: User) => ({
    cookie: `session=${await plantSession({ database }, { id: store.tenantId }, user)}`,
  });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const grant = { user: member, role: "member", connectionId, act: null, keyThumbprint: null } as const;
  const agent = await registerAgent({ database }, { tenantId: store.tenantId });
  const bound = { agent, scopes: allScopes, resources: [`${url}/api/v1`, `${url}/mcp`] };
  const { token } = await issueAccessToken(store, { ...grant, ...bound }, defaultSessionLimits);
  return {
    "no one": {},
    "a member": await session(member),
    "an admin": await session(admin),
    "an owner": await session(owner),
    "a SCIM token": bearer((await createToken(store)).token),
    "an API key": bearer((await apiKeyOf(store, admin)).key),
    "an agent": bearer(token),
  };
}

let sweeps = 0;

/** A request whose answer differs from the table. */
export interface Finding {
  route: string;
  caller: Caller | null;
  ids: "its own" | "another tenant's" | null;
  expected: string;
  found: string;
}

export interface SweepResult {
  findings: Finding[];
  requests: number;
}

/**
 * Asks every route as every caller, with the ids of the caller's tenant and with those of another tenant, and compares the
 * answers with the table. A caller who must be refused asks the real application; one who is let in asks the probes, so that
 * nothing is deleted before the next question.
 */
export async function sweep(
  swept: SweptApp,
  own: TenantA,
  other: TenantA,
  wanted: (route: Route) => boolean = () => true,
): Promise<SweepResult> {
  const findings: Finding[] = [];
  let requests = 0;
  for (const route of swept.routes.filter(wanted)) {
    const name = `${route.method} ${route.path}`;
    const group = groupOf(route.method, route.path);
    if (!group) {
      findings.push({ route: name, caller: null, ids: null, expected: "a row in the table", found: "none" });
      continue;
    }
    for (const caller of callers) {
      for (const [ids, tenant] of [
        ["its own", own],
        ["another tenant's", other],
      ] as const) {
        const { path, isOfTenant } = pathOfAny(route, tenant);
        if (tenant === other && (group.isPublic || !isOfTenant)) continue;
        const isIn = group.lets.includes(caller);
        const refusal = typeof group.others === "function" ? group.others(caller) : group.others;
        const expected = isIn ? (tenant === own ? "reached" : "missing") : refusal;
        const app = expected === "reached" ? "probed" : "real";
        const answer = await swept.ask(app, caller, route.method, path);
        requests += 1;
        const found = isAs(expected, answer) ? expected : `${answer.status} ${answer.location ?? ""}`.trim();
        const shown = tenant === other ? secretsOf(other).filter((text) => answer.text.includes(text)) : [];
        if (found !== expected) findings.push({ route: name, caller, ids, expected, found });
        for (const text of shown)
          findings.push({ route: name, caller, ids, expected: "no data", found: text });
      }
    }
  }
  return { findings, requests };
}

/** Whether an answer is of a class. */
function isAs(expected: "reached" | "missing" | Refusal, { status, location }: Answer): boolean {
  if (expected === "reached") return status === probed;
  if (expected === "sign-in") return status === 303 && /^\/login(\?|$)/.test(location ?? "");
  if (expected === "challenge") return status === 401;
  if (expected === "refused") return status >= 400 && status < 500;
  return status === 404;
}

/** Texts that only the other tenant may see. An id that was in the path may be repeated by an error, so it is not among them. */
function secretsOf({ loginName, domain, deletedLoginName }: TenantA): string[] {
  assert.ok(loginName && domain && deletedLoginName);
  return [loginName, domain];
}
