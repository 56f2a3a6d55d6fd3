import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { provisionUser } from "../../../src/directory/provisioning.ts";
import { paths } from "../../../src/endpoints.ts";
import type { Connection } from "../../../src/model.ts";
import { Client } from "../../../test/helpers/client.ts";
import { leaseKey } from "../../../test/helpers/leased-keys.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../../../test/helpers/openid-provider.ts";
import { connectOrg, throughProvider } from "../../../test/helpers/org.ts";
import { provisioned, type TestTenant } from "../../../test/helpers/people.ts";
import { revocationToken } from "../../../test/helpers/revocation.ts";
import type { CleanUp } from "./clean-up.ts";
import type { Sent } from "./exchange.ts";
import type { LoadClient, SendRequest } from "./load.ts";

export type ProviderMode = "right" | "slow" | "html" | "error" | "wrong-keys" | "down";

/** A customer's identity provider: people sign in there, and it ends their sessions by Universal Logout. */
export interface BrokenProvider {
  /** Connects a tenant, before the application starts. */
  prepare(tenant: TestTenant, origin: string): Promise<void>;
  /** Its answers to the application from now on. Browsers always get the right ones. */
  answer(mode: ProviderMode): Promise<void>;
  clients(origin: string): LoadClient[];
}

const clientId = "app";
const leaver = { loginName: "leaver@acme.example", sub: "00u-leaver" };

export async function startProvider(cleanUp: CleanUp): Promise<BrokenProvider> {
  // Made before the load: making keys later would hold up this process, and its clients with it.
  for (const key of [leaseKey(), leaseKey(), leaseKey()]) key.giveBack();
  const op = await startOpenIdProvider();
  cleanUp.add(() => op.close());
  op.define({ sub: "00u-eve", email: "eve@acme.example" });
  let connection: Connection | null = null;
  let mode: ProviderMode = "right";
  op.intercept = (req, res) => (isOfBrowser(req) || mode === "right" ? false : breakAnswer(mode, req, res));
  return {
    async prepare(tenant, origin) {
      connection = await connectOrg(op, { baseUrl: origin, tenant }, { clientId });
      const person = provisioned(leaver.loginName, { sourceKey: leaver.sub });
      const { id } = await provisionUser(tenant.store, tenant.writer, person);
      await tenant.store.identities.add(connection.id, leaver.sub, id);
    },
    async answer(next) {
      // The application keeps keys for a while: only a key that it does not know makes it ask.
      if (next !== "right") await op.rotateKeys();
      mode = next;
    },
    clients(origin) {
      if (!connection) throw new Error("the provider is not connected");
      return [signingIn(origin, op, connection), loggingOut(origin, op)];
    },
  };
}

/** Pages at the provider, which the application never asks for. */
function isOfBrowser({ url = "" }: IncomingMessage): boolean {
  return /^\/(interaction|oauth2\/v1\/authorize)/.test(url);
}

const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const foreignKeys = {
  keys: [{ ...publicKey.export({ format: "jwk" }), kid: "foreign", alg: "RS256", use: "sig" }],
};

/** Returns whether the request is answered, or never will be. */
function breakAnswer(mode: ProviderMode, req: IncomingMessage, res: ServerResponse): boolean {
  if (mode === "slow") return true;
  if (mode === "down") req.socket.destroy();
  if (mode === "html")
    res.writeHead(200, { "content-type": "text/html" }).end("<h1>Sign in to the network</h1>");
  if (mode === "error") res.writeHead(500, { "content-type": "application/json" }).end("{}");
  if (mode === "wrong-keys" && req.url !== "/oauth2/v1/keys") return false;
  if (mode === "wrong-keys")
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(foreignKeys));
  return true;
}

/** Signs in again and again, each time in a new browser. */
function signingIn(origin: string, op: OpenIdProvider, { key }: Connection): LoadClient {
  const { login } = paths.oidc(key);
  return {
    kind: "sign-in",
    pauseMs: 200,
    async turn(send) {
      const cookies = new Map<string, string>();
      const left = await visit(send, cookies, { path: login }, 302);
      const { location } = left.answer?.headers ?? {};
      if (left.outcome !== "ok" || location === undefined) return;
      const back = new URL(await throughProvider(op, location, new Client(op.issuer, op.issuer)));
      const path = back.href.slice(origin.length);
      await visit(send, cookies, { path, purpose: "identity" }, 303);
    },
  };
}

async function visit(
  send: SendRequest,
  cookies: Map<string, string>,
  page: Pick<Sent, "path" | "purpose">,
  right: number,
) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const result = await send({ ...page, method: "GET", headers: { accept: "text/html", cookie } }, right);
  for (const line of result.answer?.headers["set-cookie"] ?? []) {
    const [name = "", value = ""] = line.split(";", 1)[0]?.split(/=(.*)/s) ?? [];
    cookies.set(name, value);
  }
  return result;
}

/** Calls Universal Logout for a person, as the org does. */
function loggingOut(origin: string, op: OpenIdProvider): LoadClient {
  const path = paths.globalTokenRevocation;
  return {
    kind: "logout",
    pauseMs: 200,
    async turn(send) {
      const [key = {}] = op.keys;
      const org = { issuer: op.issuer, privateKey: createPrivateKey({ key, format: "jwk" }) };
      const token = await revocationToken(org, clientId, origin + path, { header: { kid: key.kid } });
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const body = JSON.stringify({ sub_id: { format: "iss_sub", iss: op.issuer, sub: leaver.sub } });
      await send({ method: "POST", path, headers, body, purpose: "identity" }, 204);
    },
  };
}
