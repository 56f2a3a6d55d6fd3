import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type ClientKey, dpopProof, newClientKey, sendTokenRequest, signIdJag } from "../helpers/id-jag.ts";
import { type RevokingOrg, startRevokingOrg } from "../helpers/revocation.ts";
import { type Customer, newCustomer } from "./customer.ts";

type Claims = Record<string, unknown>;

/** A list of challenges (RFC 9110 §11.6.1): parameters are quoted texts without quotes inside (RFC 6750 §3). */
const parameter = String.raw`[a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*"`;
const challenge = `[A-Za-z]+ ${parameter}(, ${parameter})*`;
const challenges = new RegExp(`^${challenge}(, ${challenge})*$`);

describe("a hostile use of an access token", () => {
  onOneDatabase((use) => {
    let org: RevokingOrg;
    let app: TestApp;
    let acme: Customer;
    let key: ClientKey;
    let strangersKey: ClientKey;
    /** For anyone who has it, and only with the key. */
    let [bearer, bound] = ["", ""];
    before(async () => {
      org = await startRevokingOrg();
      app = await startTestApp(use().database, { insecureAllowPrivateNetwork: true });
      acme = await newCustomer({ database: use().database, app, org });
      [key, strangersKey] = [await newClientKey(), await newClientKey()];
      bearer = await acme.token();
      bound = await boundToken();
    });
    after(async () => {
      await app.close();
      await org.close();
    });

    async function boundToken(): Promise<string> {
      const { clientId, secret } = acme.agent;
      const cnf = { jkt: await calculateJwkThumbprint(key.jwk) };
      const resource = [`${app.url}/api/v1`, `${app.url}/mcp`];
      const claims = { sub: "00u-grace", aud_tenant: acme.connection.key, cnf, resource };
      const assertion = await signIdJag(org, app.url, clientId, { claims });
      const dpop = await dpopProof(key, { htm: "POST", htu: `${app.url}/oauth2/token` });
      const form = { assertion, client_id: clientId, client_secret: secret };
      const answer = await sendTokenRequest(app, form, { dpop });
      assert.equal(JSON.parse(answer.text).token_type, "DPoP", answer.text);
      return JSON.parse(answer.text).access_token;
    }

    const get = (headers: Record<string, string>, path = "/api/v1/tasks") =>
      app.client().send("GET", path, headers);
    const hashOf = (token: string) => createHash("sha256").update(token).digest("base64url");
    /** A proof for the call that `get` makes. */
    const proof = (changed: Claims = {}, header: Claims = {}, by = key) =>
      dpopProof(by, { htm: "GET", htu: `${app.url}/api/v1/tasks`, ath: hashOf(bound), ...changed }, header);
    const withProof = async (dpop: string | Promise<string>, path?: string) =>
      await get({ authorization: `DPoP ${bound}`, dpop: await dpop }, path);

    const cases: readonly [string, string | null, () => Promise<Answer>][] = [
      ["no token", null, () => get({})],
      ["a token in the query", null, () => get({}, `/api/v1/tasks?access_token=${bearer}`)],
      ["a token in Basic", null, () => get({ authorization: `Basic ${bearer}` })],
      ["two tokens in one header", null, () => get({ authorization: `Bearer ${bearer} ${bearer}` })],
      ["an unknown token", "invalid_token", () => get({ authorization: "Bearer oinat_unknown" })],
      [
        "a token in another case",
        "invalid_token",
        () => get({ authorization: `Bearer ${bearer.toUpperCase()}` }),
      ],
      ["a token's hash", "invalid_token", () => get({ authorization: `Bearer ${hashOf(bearer)}` })],
      ["a bound token as a bearer token", "invalid_token", () => get({ authorization: `Bearer ${bound}` })],
      [
        "a bound token as a bearer token with its proof",
        "invalid_token",
        async () => get({ authorization: `Bearer ${bound}`, dpop: await proof() }),
      ],
      [
        "a bearer token as a bound token",
        "invalid_token",
        async () => get({ authorization: `DPoP ${bearer}`, dpop: await proof({ ath: hashOf(bearer) }) }),
      ],
      ["a bound token without a proof", "invalid_dpop_proof", () => get({ authorization: `DPoP ${bound}` })],
      ["a proof of another key", "invalid_dpop_proof", () => withProof(proof({}, {}, strangersKey))],
      ["a proof for another method", "invalid_dpop_proof", () => withProof(proof({ htm: "POST" }))],
      ["a proof for another path", "invalid_dpop_proof", () => withProof(proof({ htu: `${app.url}/mcp` }))],
      [
        "a proof for another host",
        "invalid_dpop_proof",
        () => withProof(proof({ htu: "https://elsewhere.example/api/v1/tasks" })),
      ],
      ["a proof for another token", "invalid_dpop_proof", () => withProof(proof({ ath: hashOf(bearer) }))],
      ["a proof for no token", "invalid_dpop_proof", () => withProof(proof({ ath: undefined }))],
      ["an old proof", "invalid_dpop_proof", () => withProof(proof({ iat: 1_700_000_000 }))],
      ["a proof of another type", "invalid_dpop_proof", () => withProof(proof({}, { typ: "JWT" }))],
      ["a text instead of a proof", "invalid_dpop_proof", () => withProof("nonsense")],
      [
        "a proof that was used before",
        "invalid_dpop_proof",
        async () => {
          const once = await proof();
          assert.equal((await withProof(once)).status, 200);
          return await withProof(once);
        },
      ],
      [
        "a token for the API at the MCP server",
        "invalid_token",
        async () => {
          const answer = await acme.exchange(app, await acme.assertion([`${app.url}/api/v1`]));
          return await get({ authorization: `Bearer ${JSON.parse(answer.text).access_token}` }, "/mcp");
        },
      ],
      [
        "a token for the MCP server at the API",
        "invalid_token",
        async () => {
          const answer = await acme.exchange(app, await acme.assertion([`${app.url}/mcp`]));
          return await get({ authorization: `Bearer ${JSON.parse(answer.text).access_token}` });
        },
      ],
      [
        "an expired token",
        "invalid_token",
        async () => {
          const token = await acme.token();
          const tokens = use().database.sql()("access_tokens").where("token_hash", hashOf(token));
          assert.equal(await tokens.update({ expires_at: Date.now() - 1 }), 1);
          return await get({ authorization: `Bearer ${token}` });
        },
      ],
    ];

    for (const [name, error, call] of cases) {
      it(`${name}: 401, with ${error ?? "no error"} in a header that clients can read`, async () => {
        const answer = await call();
        assert.equal(answer.status, 401, answer.text);
        const challenge = answer.headers.get("www-authenticate") ?? "";
        assert.equal(/ error="([^"]*)"/.exec(challenge)?.[1] ?? null, error);
        assert.match(
          challenge,
          /resource_metadata="[^"]+\/\.well-known\/oauth-protected-resource\/(api\/v1|mcp)"/,
        );
        assert.match(challenge, challenges);
        assert.equal(answer.headers.get("cache-control"), "no-store");
        for (const known of [bearer, bound, acme.tenant.slug]) assert.ok(!answer.text.includes(known));
      });
    }

    it("differs from a right use: a bearer token, or a bound one with its proof for a call with a query", async () => {
      assert.equal((await get({ authorization: `bearer ${bearer}` })).status, 200);
      assert.equal((await withProof(proof(), "/api/v1/tasks?limit=1")).status, 200);
    });

    it("raises no scope: a token for reading changes nothing by the API or MCP, and is told what it needs", async () => {
      const claims = { sub: "00u-grace", aud_tenant: acme.connection.key, scope: "tasks.read" };
      const resource = [`${app.url}/api/v1`, `${app.url}/mcp`];
      const { clientId, secret } = acme.agent;
      const assertion = await signIdJag(org, app.url, clientId, { claims: { ...claims, resource } });
      const form = { assertion, client_id: clientId, client_secret: secret, scope: "tasks.read tasks.write" };
      const { access_token: token, scope } = JSON.parse((await sendTokenRequest(app, form)).text);
      assert.equal(scope, "tasks.read");
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      };
      const create = { name: "create_task", arguments: { title: randomUUID() } }; // sample domain
      const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: create }; // sample domain
      for (const [path, body] of [
        ["/api/v1/tasks", { title: randomUUID() }],
        ["/mcp", message], // sample domain
      ] as const) {
        const answer = await app.client().send("POST", path, headers, JSON.stringify(body));
        assert.equal(answer.status, 403, answer.text);
        assert.match(
          answer.headers.get("www-authenticate") ?? "",
          /error="insufficient_scope".*tasks\.write/,
        );
      }
    });
  });
});
