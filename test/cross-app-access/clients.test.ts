import assert from "node:assert/strict";
import { addAgentSecret, createAgent, removeAgentSecret } from "../../src/directory/agents.ts";
import { agentStore } from "../../src/store/agents.ts";
import { rateLimiter } from "../../src/store/rate-limits.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  allScopes,
  type ClientKey,
  type FormParts,
  lastRefusal,
  newClientKey,
  registerAgent,
  sendTokenRequest,
  signedClient,
  signIdJag,
  type TestAgent,
  useAgentSite,
} from "../helpers/id-jag.ts";
import type { TokenParts } from "../helpers/revocation.ts";

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

describe("a client at the token endpoint", () => {
  onEachDatabase((use) => {
    const site = useAgentSite(use);
    let key: ClientKey;
    before(async () => {
      key = await newClientKey();
    });

    /** Presents an ID-JAG for the client, which authenticates by `parts` and `headers`. */
    const present = async (clientId: string, parts: FormParts, headers: Record<string, string> = {}) => {
      const { app, org } = site();
      const assertion = await signIdJag(org, app.url, clientId);
      return await sendTokenRequest(app, { assertion, ...parts }, headers);
    };
    const withSecret = ({ clientId }: TestAgent, secret: string) =>
      present(clientId, { client_id: clientId, client_secret: secret });
    const tokenEndpoint = () => `${site().app.url}/oauth2/token`;
    const withKey = async (clientId: string, parts: TokenParts = {}, audience = tokenEndpoint()) =>
      await present(clientId, await signedClient(key, clientId, audience, parts));
    const accepted = (answer: Answer) => assert.equal(answer.status, 200, answer.text);
    const refused = (answer: Answer, reason: RegExp, rule?: string) => {
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic /);
      assert.equal((JSON.parse(answer.text) as { error: string }).error, "invalid_client");
      const refusal = lastRefusal(site().app);
      assert.match(String(refusal.rule), rule ? new RegExp(`^${rule}$`) : /^client-/);
      assert.match(String(refusal.reason), reason);
    };

    it("authenticates by a secret in the form, or in a header with encoded parts", async () => {
      const { agent } = site();
      accepted(await withSecret(agent, agent.secret));
      accepted(await present(agent.clientId, {}, basic(agent.clientId, agent.secret)));
      const encoded = encodeURIComponent(agent.clientId).replaceAll("-", "%2D");
      accepted(await present(agent.clientId, {}, basic(encoded, agent.secret)));
      accepted(
        await present(agent.clientId, { client_id: agent.clientId }, basic(agent.clientId, agent.secret)),
      );
    });

    it("gets the same refusal if it is unknown, revoked, or presents a wrong secret or none", async () => {
      const { agent } = site();
      const revoked = await registerAgent(use());
      await agentStore(use().database).revoke(revoked.clientId);
      const answers = [
        await withSecret(agent, "wrong"),
        await withSecret(revoked, revoked.secret),
        await present("agent_unknown", { client_id: "agent_unknown", client_secret: "wrong" }),
        await present(agent.clientId, { client_id: agent.clientId }),
        await present(agent.clientId, {}, basic(agent.clientId, "%")),
        await present(agent.clientId, {}, basic("agent\0", "x")),
        await present(agent.clientId, {}, { authorization: `Bearer ${agent.secret}` }),
        await present(agent.clientId, { client_id: "other" }, basic(agent.clientId, agent.secret)),
      ];
      for (const answer of answers) {
        refused(answer, /./);
        assert.equal(answer.text, answers[0]?.text);
      }
      const twice = await present(
        agent.clientId,
        { client_id: agent.clientId, client_secret: agent.secret },
        basic(agent.clientId, agent.secret),
      );
      assert.equal((JSON.parse(twice.text) as { error: string }).error, "invalid_request");
    });

    it("has two secrets during a rotation, and only the new one afterwards", async () => {
      const agent = await registerAgent(use());
      const { database } = use();
      const second = await addAgentSecret(database, agent.clientId);
      accepted(await withSecret(agent, agent.secret));
      accepted(await withSecret(agent, second));
      const [first] = await agentStore(database).secrets(agent.clientId);
      await removeAgentSecret(database, agent.clientId, first?.hash ?? "");
      refused(await withSecret(agent, agent.secret), /unknown/, "client-authenticated");
      accepted(await withSecret(agent, second));
    });

    describe("that signs with the keys of its registration", () => {
      let clientId: string;
      before(async () => {
        const { org } = site();
        org.documents.set("/agent/keys", { keys: [key.jwk] });
        const { agent } = await createAgent(use().database, {
          tenantId: null,
          name: "Keys",
          scopes: ["tasks.read"],
          jwksUri: `${org.issuer}/agent/keys`,
        });
        clientId = agent.clientId;
      });

      it("is accepted for the token endpoint and for the issuer, once", async () => {
        accepted(await withKey(clientId));
        accepted(await withKey(clientId, {}, site().app.url));
        const parts = await signedClient(key, clientId, tokenEndpoint());
        accepted(await present(clientId, parts));
        refused(await present(clientId, parts), /not used before/);
      });

      const seconds = () => Math.floor(Date.now() / 1000);
      const faults: [string, () => Promise<Answer>, RegExp][] = [
        [
          "another key",
          async () => withKey(clientId, { key: (await newClientKey()).privateKey }),
          /signature/,
        ],
        ["another audience", () => withKey(clientId, {}, "https://other.example"), /token endpoint alone/],
        [
          "a second audience",
          () => withKey(clientId, { claims: { aud: [tokenEndpoint(), "https://other.example"] } }),
          /token endpoint alone/,
        ],
        ["another subject", () => withKey(clientId, { claims: { sub: "agent_other" } }), /"sub"/],
        ["no id", () => withKey(clientId, { claims: { jti: undefined } }), /"jti"/],
        ["no end", () => withKey(clientId, { claims: { exp: undefined } }), /"exp"/],
        ["an end in the past", () => withKey(clientId, { claims: { exp: seconds() - 90 } }), /"exp"/],
        [
          "an end too far away",
          () => withKey(clientId, { claims: { exp: seconds() + 7200 } }),
          /at most an hour/,
        ],
        [
          "HS256 and a text as key",
          () => withKey(clientId, { header: { alg: "HS256" }, key: Buffer.alloc(32) }),
          /"alg"/,
        ],
        [
          "another client's id",
          () => withKey(clientId, { claims: { iss: "agent_other", sub: "agent_other" } }),
          /./,
        ],
      ];
      for (const [name, send, reason] of faults)
        it(`is refused with ${name}`, async () => refused(await send(), reason));

      it("is refused if it is revoked, and told to come back if its keys cannot be read", async () => {
        const { database } = use();
        const [name, scopes, jwksUri] = ["Gone", ["tasks.read"], "http://127.0.0.1:1/keys"];
        const { agent } = await createAgent(database, { tenantId: null, name, scopes, jwksUri });
        const answer = await withKey(agent.clientId);
        assert.equal(answer.status, 503);
        assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
        await agentStore(database).revoke(agent.clientId);
        refused(await withKey(agent.clientId), /not revoked/, "client-not-revoked");
      });
    });

    describe("that describes itself", () => {
      /** Serves a document at its own URL, and returns that. */
      const publish = (path: string, changes: Record<string, unknown> = {}) => {
        const { org } = site();
        const clientId = org.issuer + path;
        const document = {
          client_id: clientId,
          client_name: "Self-made",
          token_endpoint_auth_method: "private_key_jwt",
          jwks_uri: `${org.issuer}/agent/keys`,
          ...changes,
        };
        org.documents.set("/agent/keys", { keys: [key.jwk] });
        org.documents.set(path, document);
        return clientId;
      };

      it("is accepted by keys at an address or in the document, with all scopes", async () => {
        accepted(await withKey(publish("/clients/uri.json")));
        const inline = publish("/clients/inline.json", { jwks_uri: undefined, jwks: { keys: [key.jwk] } });
        const answer = await withKey(inline);
        accepted(answer);
        assert.equal((JSON.parse(answer.text) as { scope: string }).scope, allScopes.join(" "));
        const known = await site().acme.store.agents.find(inline);
        assert.equal(known?.name, `Self-made (${new URL(inline).host})`, "its name says whose it is");
      });

      it("is read once in ten minutes", async () => {
        const clientId = publish("/clients/cached.json");
        accepted(await withKey(clientId));
        site().org.documents.delete("/clients/cached.json");
        accepted(await withKey(clientId));
      });

      const faults: [string, Record<string, unknown>, RegExp][] = [
        ["another client_id", { client_id: "https://other.example/client.json" }, /another client_id/],
        ["no name", { client_name: " " }, /client_name/],
        ["an invisible name", { client_name: "Agent\u200b" }, /cannot be seen/],
        ["another method", { token_endpoint_auth_method: "none" }, /token_endpoint_auth_method/],
        ["no keys", { jwks_uri: undefined }, /either jwks_uri or jwks/],
        ["a secret in place of keys", { jwks_uri: undefined, client_secret: "x" }, /either jwks_uri or jwks/],
        ["a size of more than five kilobytes", { logo: "x".repeat(6_000) }, /too large/],
      ];
      for (const [index, [name, changes, reason]] of faults.entries())
        it(`is refused with ${name}`, async () => {
          refused(await withKey(publish(`/clients/${index}.json`, changes)), reason);
        });

      it("is refused at an address that cannot be a client's", async () => {
        const { issuer } = site().org;
        refused(await withKey(publish("/")), /must have a path/);
        refused(await withKey(publish("/clients/query.json?a=b")), /no query/);
        refused(await withKey(publish("/clients/a/../dots.json")), /must have a path/);
        refused(await withKey(`${issuer}/clients/none.json`), /answered 500/);
        refused(await withKey(publish(`/clients/${"x".repeat(500)}.json`)), /too long/);
        refused(await withKey("ftp://client.example/client.json"), /not a web address/);
      });

      it("cannot have a secret", async () => {
        const clientId = publish("/clients/secret.json");
        refused(await present(clientId, { client_id: clientId, client_secret: "x" }), /unknown/);
      });

      it("makes us read no more key sets of a host than documents, and registered agents are not affected", async () => {
        const third = await site().startOrg();
        third.documents.set("/agent/keys", { keys: [key.jwk] });
        const jwksUri = `${third.issuer}/agent/keys`;
        const limit = rateLimiter(use().database, { name: "token-documents", points: 60, seconds: 3_600 });
        for (let number = 0; number < 60; number++) await limit.use(new URL(jwksUri).host);
        const named = await withKey(publish("/clients/aimed.json", { jwks_uri: jwksUri }));
        assert.equal(named.status, 503, named.text);
        const [name, scopes] = ["Registered", ["tasks.read"]];
        const { agent } = await createAgent(use().database, { tenantId: null, name, scopes, jwksUri });
        accepted(await withKey(agent.clientId));
      });

      it("is not read again at once if it could not be used, and strangers cannot make us read a host all day", async () => {
        const { org } = site();
        const late = `${org.issuer}/clients/late.json`;
        refused(await withKey(late), /answered 500/);
        publish("/clients/late.json");
        refused(await withKey(late), /answered 500/);
        const cached = publish("/clients/cached-before.json");
        accepted(await withKey(cached));
        // The minute of the limit began with an earlier test. On a busy machine it would end during the next requests.
        const limits = use()
          .database.sql()("rate_limits")
          .where("key", `token-documents:${new URL(late).host}`);
        assert.equal(await limits.update("expires_at", Date.now() + 3_600_000), 1);
        for (let number = 0; number < 60; number++)
          await withKey(`${org.issuer}/clients/stranger-${number}.json`);
        const answer = await withKey(publish("/clients/other.json"));
        assert.equal(answer.status, 503, answer.text);
        accepted(await withKey(cached));
      });
    });
  });
});
