import assert from "node:assert/strict";
import { agentRules, tokenPolicy } from "../../src/cross-app-access/policy.ts";
import { blockUser } from "../../src/directory/access.ts";
import type { StoredMessage } from "../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import {
  allScopes,
  dpopProof,
  newClientKey,
  registerAgent,
  testedConnection,
  useAgentSite,
} from "../helpers/id-jag.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { protocolsWithoutOrg } from "../helpers/protocols.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { strangersKey } from "../helpers/revocation.ts";

const factsOf = ({ facts = [] }: StoredMessage) => facts.map(({ label, value }) => [label, value]);

describe("the inspector's message of a token request", () => {
  onOneDatabase((use) => {
    const site = useAgentSite(use);
    let other: TestTenant;

    before(async () => {
      other = await createTestTenant(use().database);
      await other.store.inspector.recordUntil(Date.now() + 600_000);
      await startRecording(site().acme.store);
    });

    const one = async (store: TenantStore = site().acme.store) =>
      (await recorded(store, 1))[0] ?? assert.fail();

    it("has the decoded ID-JAG, the client, the person, each check and the file", async () => {
      const { send, idJag, agent, connection, org, app } = site();
      const claims = { email: "ada@acme.example" };
      assert.equal((await send(await idJag({ claims }), { scope: "tasks.read" })).status, 200);
      const message = await one();
      assert.deepEqual(
        [
          message.protocol,
          message.step,
          message.connectionKey,
          message.person,
          message.summary,
          message.file,
        ],
        [
          "cross-app-access",
          "Token request",
          connection.key,
          "ada@acme.example",
          "200 OK",
          "src/cross-app-access/issue.ts",
        ],
      );
      assert.deepEqual(
        message.checks.map(({ name, verdict }) => [name, verdict]),
        tokenPolicy.map(({ name }) => [name, "passed"]),
      );
      const { form = {}, jwts: [idJagSent] = [] } = message.request ?? {};
      assert.deepEqual(factsOf(message), [
        ["Agent", "Agent"],
        ["Client", agent.clientId],
        ["Authenticated by", "client_secret_post"],
      ]);
      assert.deepEqual(
        [form.scope, form.assertion, form.client_secret],
        ["tasks.read", "[redacted]", "[redacted]"],
      );
      assert.equal(idJagSent?.place, "assertion");
      assert.deepEqual(idJagSent?.header, { typ: "oauth-id-jag+jwt", alg: "RS256", kid: "k1" });
      assert.deepEqual(
        { ...idJagSent?.claims, jti: "", iat: 0, exp: 0 },
        {
          iss: org.issuer,
          sub: "00u1",
          aud: app.url,
          client_id: agent.clientId,
          jti: "",
          scope: allScopes.join(" "),
          act: { sub: "wlp1", sub_profile: "ai_agent" },
          iat: 0,
          exp: 0,
          ...claims,
        },
      );
      assert.deepEqual(message.response?.json, {
        access_token: "[redacted]",
        token_type: "Bearer",
        expires_in: 1800,
        scope: "tasks.read",
      });
    });

    it("contains no secret: neither the assertion, the client's secret, the token nor a proof", async () => {
      const { send, idJag, agent, app } = site();
      const assertion = await idJag();
      const proof = await dpopProof(await newClientKey(), { htm: "POST", htu: `${app.url}/oauth2/token` });
      const basic = Buffer.from(`${agent.clientId}:${agent.secret}`).toString("base64");
      const answer = await send(
        assertion,
        { client_id: undefined, client_secret: undefined },
        { authorization: `Basic ${basic}`, dpop: proof },
      );
      assert.equal(answer.status, 200, answer.text);
      const { access_token: token } = JSON.parse(answer.text);
      const message = await one();
      const dpop = message.request?.jwts?.find(({ place }) => place === "DPoP");
      assert.deepEqual(factsOf(message).at(-1), ["Authenticated by", "client_secret_basic"]);
      assert.deepEqual([Object(dpop?.header).typ, Object(dpop?.claims).htm], ["dpop+jwt", "POST"]);
      const kept = JSON.stringify(message);
      for (const secret of [assertion, proof, basic, agent.secret, token]) {
        assert.ok(!kept.includes(secret), kept);
        assert.ok(!kept.includes(secret.split(".")[2] ?? secret), kept);
      }
    });

    const failures: [string, () => Promise<unknown>, RegExp, string][] = [
      [
        "a stranger's key",
        async () => site().send(await site().idJag({ key: strangersKey })),
        /^400 Bad Request\. Failed: The org's key verifies .* \(signature verification failed\)$/,
        "assertion.ts",
      ],
      [
        "an ID token instead of an ID-JAG",
        async () => site().send(await site().idJag({ header: { typ: "JWT" } })),
        /^400 Bad Request\. Failed: The assertion's type is oauth-id-jag\+jwt$/,
        "assertion.ts",
      ],
      [
        "a foreign resource",
        async () => site().send(await site().idJag({ claims: { resource: "https://other.example" } })),
        /^400 Bad Request\. Failed: Each resource in the assertion is ours/,
        "steps.ts",
      ],
      [
        "an unknown scope",
        async () => site().send(await site().idJag({ claims: { scope: "none" } })),
        /^400 Bad Request\. Failed: A scope is asked for/,
        "issue.ts",
      ],
    ];
    for (const [what, request, summary, file] of failures) {
      it(`says what failed: ${what}`, async () => {
        await request();
        const message = await one();
        assert.match(message.summary, summary);
        assert.deepEqual([message.verdict, message.file], ["failed", `src/cross-app-access/${file}`]);
      });
    }

    it("says the directory's reason for a blocked person", async () => {
      const { acme, connection, idJag, send } = site();
      const bob = await createLocalAccount(acme.store, "bob@acme.example");
      await acme.store.identities.add(connection.id, "00u-bob", bob.id);
      await blockUser(acme.store, bob.id);
      await send(await idJag({ claims: { sub: "00u-bob" } }));
      const message = await one();
      assert.match(
        message.summary,
        /^400 Bad Request\. Failed: The person may sign in here \(user-blocked\)$/,
      );
      assert.deepEqual(message.response?.json, { error: "invalid_grant" });
      assert.ok(
        !message.checks.some(({ name }) => name.startsWith("A scope")),
        "later rules were not reached",
      );
    });

    it("says that an ID-JAG for the MCP server was replayed", async () => {
      const { acme, app, idJag, send } = site();
      const assertion = await idJag({ claims: { resource: `${app.url}/mcp` } });
      for (const status of [200, 400]) assert.equal((await send(assertion)).status, status);
      const [, second] = await recorded(acme.store, 2);
      const rule = agentRules.find(({ id }) => id === "assertion-unused");
      assert.equal(second?.summary, `400 Bad Request. Failed: ${rule?.name}`);
    });

    it("reaches only the tenant that the request is about, if one org serves two", async () => {
      const { acme, org, connection, idJag, send } = site();
      const theirs = await testedConnection(other, { settings: { issuer: org.issuer, clientId: "theirs" } });
      await send(await idJag({ claims: { aud_tenant: theirs.key } }));
      await send(await idJag({ claims: { aud_tenant: connection.key } }));
      assert.equal((await one()).connectionKey, connection.key);
      assert.equal((await one(other.store)).connectionKey, theirs.key);
      assert.deepEqual(await acme.store.inspector.after({}, 0, 10), []);
      // Without aud_tenant, both administrators have to find the request.
      await send(await idJag());
      const [mine, foreign] = [await one(), await one(other.store)];
      assert.match(mine.summary, /Failed: Only one connection fits$/);
      assert.equal(foreign.summary, mine.summary);
      await other.store.connections.remove(theirs.id);
    });

    it("does not reach a tenant that connected an org which is not its own", async () => {
      const { acme, org, idJag, send } = site();
      const settings = { issuer: org.issuer, clientId: "theirs" };
      const foreign = [
        await other.connection({ settings }),
        await testedConnection(other, {
          settings: { ...settings, issuer: "https://own.example", issuerAlias: org.issuer },
        }),
      ];
      for (const { type, settingsAt } of protocolsWithoutOrg)
        foreign.push(await testedConnection(other, { type, settings: settingsAt(org.issuer) }));
      const claims = { email: "ada@acme.example" };
      for (const parts of [
        { claims: { ...claims, aud_tenant: "unknown" } },
        { claims: { ...claims, aud: "x" } },
      ]) {
        assert.equal((await send(await idJag(parts))).status, 400);
        assert.equal((await one()).person, "ada@acme.example");
      }
      assert.equal(
        (await send(await idJag({ claims }))).status,
        200,
        "and it does not keep agents out of the right one",
      );
      await one();
      assert.deepEqual(await other.store.inspector.after({}, 0, 10), []);
      assert.deepEqual(await acme.store.inspector.after({}, 0, 10), []);
      for (const { id } of foreign) await other.store.connections.remove(id);
    });

    it("shows another tenant's client by its id alone", async () => {
      const foreign = await registerAgent(use(), { tenantId: other.tenant.id });
      const { send, idJag } = site();
      const form = { client_id: foreign.clientId, client_secret: foreign.secret };
      await send(await idJag({ claims: { client_id: foreign.clientId } }), form);
      const message = await one();
      assert.match(
        message.summary,
        /Failed: The client is of the deployment, or of the connection's tenant$/,
      );
      assert.deepEqual(factsOf(message), [
        ["Client", foreign.clientId],
        ["Authenticated by", "client_secret_post"],
      ]);
    });

    it("is not recorded for a client that does not authenticate", async () => {
      const { acme, send, idJag } = site();
      assert.equal((await send(await idJag(), { client_secret: "wrong" })).status, 401);
      await send(await idJag());
      const messages = await recorded(acme.store, 1);
      assert.deepEqual(
        messages.map(({ summary }) => summary),
        ["200 OK"],
      );
    });
  });
});
