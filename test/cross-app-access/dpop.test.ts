import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { calculateJwkThumbprint } from "jose";
import { createLog } from "../../src/log.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { actingOf, resourceGuard } from "../../src/web/access-tokens.ts";
import { requestContext } from "../../src/web/request.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  type ClientKey,
  dpopProof,
  lastRefusal,
  newClientKey,
  type TokenAnswer,
  useAgentSite,
} from "../helpers/id-jag.ts";

describe("a token that is bound to a key (DPoP)", () => {
  onEachDatabase((use) => {
    const site = useAgentSite(use);
    let key: ClientKey;
    let resource: Awaited<ReturnType<typeof startResource>>;
    before(async () => {
      key = await newClientKey();
      resource = await startResource();
    });
    after(() => resource.close());

    /** A resource behind the guard, on its own port: the application's API in small. */
    async function startResource() {
      const app = express();
      const server = createServer(app);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const guard = resourceGuard(use().database, site().app.url, "/api/v1");
      app.use(requestContext(createLog("silent")), express.Router().use("/api/v1", guard.authenticate));
      app.get("/api/v1/me", guard.requireScope("tasks.read"), (req, res) => {
        res.json({ user: actingOf(req).user.id });
      });
      return { address, close: () => new Promise((resolve) => server.close(resolve)) };
    }

    const proofFor = (claims: Record<string, unknown>, header = {}) =>
      dpopProof(key, { htm: "POST", htu: `${site().app.url}/oauth2/token`, ...claims }, header);
    const ask = async (dpop: string, claims: Record<string, unknown> = {}) =>
      await site().send(await site().idJag({ claims }), {}, { dpop });
    const bound = async () => JSON.parse((await ask(await proofFor({}))).text) as TokenAnswer;
    const call = async (scheme: string, token: string, proof?: string) =>
      await fetch(`${resource.address}/api/v1/me?a=b`, {
        headers: { authorization: `${scheme} ${token}`, ...(proof ? { dpop: proof } : {}) },
      });
    const proofOfCall = (token: string, claims: Record<string, unknown> = {}, by = key) =>
      dpopProof(by, { htm: "GET", htu: `${site().app.url}/api/v1/me`, ath: hashToken(token), ...claims });

    it("is issued for a proof, also if the ID-JAG is not bound", async () => {
      const answer = await bound();
      assert.equal(answer.token_type, "DPoP");
      const [proof, jkt] = [await proofFor({}), await calculateJwkThumbprint(key.jwk)];
      const both = await ask(proof, { cnf: { jkt } });
      assert.equal(both.status, 200, both.text);
      assert.equal((await ask(await proofFor({}), { cnf: { "x5t#S256": jkt } })).status, 400);
      assert.equal(lastRefusal(site().app).rule, "proof-key");
    });

    const seconds = () => Math.floor(Date.now() / 1000);
    const faults: [string, () => Promise<string>, RegExp][] = [
      ["another method", () => proofFor({ htm: "GET" }), /htm/],
      ["another address", () => proofFor({ htu: `${site().app.url}/other` }), /htu/],
      ["no id", () => proofFor({ jti: undefined }), /"jti"/],
      ["an id that is not a text", () => proofFor({ jti: 42 }), /jti/],
      ["an old time", () => proofFor({ iat: seconds() - 600 }), /"iat"/],
      ["a time in the future", () => proofFor({ iat: seconds() + 300 }), /"iat"/],
      ["another type", () => proofFor({}, { typ: "JWT" }), /"typ"/],
      [
        "another key than the one that signed",
        async () => proofFor({}, { jwk: (await newClientKey()).jwk }),
        /signature/,
      ],
      ["the private key", () => proofFor({}, { jwk: key.privateKey.export({ format: "jwk" }) }), /public/],
      ["no key", () => proofFor({}, { jwk: undefined }), /jwk|JSON Web Key/i],
    ];
    for (const [name, make, reason] of faults)
      it(`is not issued for a proof with ${name}`, async () => {
        const answer = await ask(await make());
        assert.equal((JSON.parse(answer.text) as { error: string }).error, "invalid_dpop_proof");
        assert.match(String(lastRefusal(site().app).reason), reason);
      });

    it("is issued once for each proof", async () => {
      const proof = await proofFor({});
      assert.equal((await ask(proof)).status, 200);
      assert.equal((await ask(proof)).status, 400);
      assert.match(String(lastRefusal(site().app).reason), /used before/);
    });

    it("opens the resource with a new proof for each call, and not as a bearer token", async () => {
      const { access_token: token } = await bound();
      const answer = await call("DPoP", token, await proofOfCall(token));
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { user: site().ada.id });
      const proof = await proofOfCall(token);
      const refused = [
        await call("Bearer", token),
        await call("DPoP", token),
        await call("DPoP", token, await proofOfCall(token, { htm: "POST" })),
        await call("DPoP", token, await proofOfCall(token, { htu: `${site().app.url}/mcp` })),
        await call("DPoP", token, await proofOfCall(token, { ath: hashToken(randomUUID()) })),
        await call("DPoP", token, await proofOfCall(token, {}, await newClientKey())),
        (await call("DPoP", token, proof)).ok && (await call("DPoP", token, proof)),
      ];
      for (const [index, one] of refused.entries()) {
        assert.ok(one, `call ${index}`);
        assert.equal(one.status, 401, `call ${index}`);
        assert.match(one.headers.get("www-authenticate") ?? "", /DPoP algs="ES256/);
      }
    });

    it("differs from a bearer token, which needs no proof and is refused with the scheme DPoP", async () => {
      const { access_token: token } = await site().token();
      assert.equal((await call("Bearer", token)).status, 200);
      assert.equal((await call("DPoP", token, await proofOfCall(token))).status, 401);
    });
  });
});
