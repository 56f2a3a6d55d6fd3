import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";
import { createLog } from "../../src/log.ts";
import type { Connection } from "../../src/model.ts";
import { openRunner, type Runner } from "../../src/outbox/runner.ts";
import { type SentSecurityEvent, signalSender } from "../../src/shared-signals/sender.ts";
import { enableSending } from "../../src/shared-signals/sending.ts";
import type { Database } from "../../src/store/database.ts";
import { sealer } from "../../src/store/secrets.ts";
import type { FetchLimits } from "../../src/trust/guarded-fetch.ts";
import { pooledKeys } from "./certificates.ts";
import { handlersOf } from "./outbox.ts";
import type { TestTenant } from "./people.ts";
import type { Site } from "./site.ts";

/** An org that receives signals: it accepts each `jti` once, and answers a repetition as if it were new, as Okta does. */
export interface SignalReceiver {
  url: string;
  /** The tokens of every request, in order. */
  tokens: string[];
  /** The `jti` of each token that was accepted, in order. */
  accepted: string[];
  /** How often a token came again that had been accepted. */
  repeated: number;
  /** Answers instead of the org if it returns true. */
  intercept: ((req: IncomingMessage, res: ServerResponse) => boolean) | null;
  close(): Promise<void>;
}

const receiverPath = "/security/api/v1/security-events";

export async function startSignalReceiver(): Promise<SignalReceiver> {
  const server = createServer(async (req, res) => {
    const token = await bodyOf(req);
    receiver.tokens.push(token);
    if (receiver.intercept?.(req, res)) return;
    const isRight = req.method === "POST" && req.url === receiverPath;
    if (!isRight || req.headers["content-type"] !== "application/secevent+jwt") {
      res.writeHead(404).end();
      return;
    }
    accept(receiver, token);
    res.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: SignalReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: [],
    accepted: [],
    repeated: 0,
    intercept: null,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Takes a token unless its `jti` was accepted before. */
export function accept(receiver: SignalReceiver, token: string): void {
  const { jti } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as JWTPayload;
  if (receiver.accepted.includes(jti ?? "")) receiver.repeated += 1;
  else receiver.accepted.push(jti ?? "");
}

/** A key set as a receiver reads it: from the issuer, by its well-known document. */
async function keySetOf(issuer: string) {
  const { origin, pathname } = new URL(issuer);
  const wellKnown = await fetch(`${origin}/.well-known/ssf-configuration${pathname}`);
  assert.match(wellKnown.headers.get("content-type") ?? "", /^application\/json/);
  const document = (await wellKnown.json()) as { issuer: string; jwks_uri: string };
  assert.equal(document.issuer, issuer);
  const keys = await fetch(document.jwks_uri);
  assert.match(keys.headers.get("content-type") ?? "", /^application\/json/);
  return createLocalJWKSet(await keys.json());
}

/** Verifies a token as a receiver does, from the issuer that was registered, and returns its claims. */
export async function verified(token: string, issuer: string, audience: string): Promise<JWTPayload> {
  const options = { issuer, audience, typ: "secevent+jwt", algorithms: ["RS256"] };
  return (await jwtVerify(token, await keySetOf(issuer), options)).payload;
}

/** The runner of a process that sends the site's signals, and the messages for the inspector. */
export function runnerOf(
  database: Database,
  { app, dataKey }: { app: Site["app"]; dataKey: Buffer },
  more: { now?: () => number } & Partial<FetchLimits> = {},
): Runner & { sent: SentSecurityEvent[] } {
  const { now = Date.now, ...limits } = more;
  const sent: SentSecurityEvent[] = [];
  const sending = {
    database,
    baseUrl: app.url,
    sealer: sealer(dataKey),
    limits: { allowPrivateNetwork: true, ...limits },
    now,
  };
  const signals = signalSender({ ...sending, onSent: (one) => void sent.push(one) });
  const handlers = handlersOf({ "shared-signal": signals });
  return { ...openRunner({ database, log: createLog("silent"), handlers, now }), sent };
}

/** An active connection of a tenant to the receiver, which wants signals. */
export async function sendingConnection(
  tenant: TestTenant,
  receiver: Pick<SignalReceiver, "url">,
  dataKey: Buffer,
): Promise<Connection> {
  const connection = await tenant.connection({ settings: { issuer: receiver.url, clientId: "0oa1" } });
  const maker = { sealer: sealer(dataKey), generateKeys: pooledKeys };
  await enableSending(tenant.store, maker, connection, async () => undefined);
  return connection;
}
