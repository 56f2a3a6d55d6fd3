import assert from "node:assert/strict";
import { startSignInTest } from "../../src/directory/sign-in-tests.ts";
import type { MessagePart } from "../../src/recording.ts";
import type { StoredMessage } from "../../src/store/tenant/inspector.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import type { Deviation } from "../helpers/hostile-provider.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions, signInAt } from "../helpers/org.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { useSite } from "../helpers/site.ts";

type Fields = Record<string, unknown>;
const fieldsOf = (part?: MessagePart | null): Fields => ({ ...Object(part?.json ?? part?.query) });
const seconds = () => Math.floor(Date.now() / 1000);
const outline = (messages: StoredMessage[]) =>
  messages.map(({ step, verdict, file }) => [step, verdict, file].join(" "));

describe("the inspector's messages of an OIDC sign-in", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    before(async () => {
      op = await startOpenIdProvider();
      op.define({
        sub: "00u-ada",
        email: "ada@acme.example",
        groups: ["Secret Group"],
        zoneinfo: "Mars/Base",
      });
      op.person = "00u-ada";
      await startRecording(site().acme.store);
    });
    after(() => op.close());

    const signIn = async (settings = {}, wanted = {}) => {
      const { acme, app } = site();
      const connection = await connectOrg(op, { baseUrl: app.url, tenant: acme }, settings, wanted);
      return { connection, answer: await signInAt(app, op, connection) };
    };

    it("come in order, with their checks and the file that handled them", async () => {
      const { connection } = await signIn();
      const messages = await recorded(site().acme.store, 5);
      assert.deepEqual(outline(messages), [
        "Authorization request passed src/oidc/routes.ts",
        "Authorization response passed src/oidc/routes.ts",
        "Token request passed src/oidc/relying-party.ts",
        "UserInfo request passed src/oidc/relying-party.ts",
        "Sign-in passed src/directory/sign-in.ts",
      ]);
      const [left, came, tokens, userInfo, person] = messages;
      assert.ok(messages.every(({ connectionKey }) => connectionKey === connection.key));
      assert.equal(new Set([came, tokens, userInfo, person].map((one) => one?.requestId)).size, 1);
      assert.ok([came, tokens, userInfo, person].every((one) => one?.person === "ada@acme.example"));
      const asked = fieldsOf(left?.response);
      assert.equal(asked.scope, "openid profile email");
      assert.deepEqual([asked.state, asked.nonce], ["[redacted]", "[redacted]"]);
      assert.equal(fieldsOf(came?.request).code, "[redacted]");
      assert.deepEqual(
        tokens?.checks.map(({ name }) => name),
        [
          "The provider's token endpoint can be reached",
          "The provider accepts the client ID and the client secret",
          "The provider lets this client redeem a code",
          "The provider knows the redirect URI",
          "The provider accepts the code and the PKCE verifier",
          "The response holds an access token and an ID token for RS256, with every required claim",
          "The ID token has not expired",
          "The ID token is valid already",
          "The ID token's issuer is the connection's",
          "The ID token's audience is this client",
          "The ID token has the nonce of this sign-in",
          "The provider's signing keys can be read",
          "A key that the issuer publishes verifies the ID token's signature",
          "The ID token was issued in the last ten minutes",
          "The ID token names a subject of at most 255 characters",
          "If the ID token names an authorized party, it is this client",
          "The ID token was issued with this access token",
          "If the ID token says when the session ends, that is a time",
          "If the ID token says when the session ends, that is in the future",
          "If the ID token gives the session a lifetime, that is a number of seconds",
          "If the connection asks for a recent sign-in, the ID token names its time, which is not ahead",
          "If the person had to sign in again, the ID token says that they did, after the request",
          "If the request named classes of authentication, the ID token has one of them",
          "If the connection asks for a recent sign-in, the person signed in recently enough",
        ],
      );
      const { id_token, access_token } = fieldsOf(tokens?.response);
      assert.deepEqual([id_token, access_token], ["[redacted]", "[redacted]"]);
      const [jwt] = tokens?.response?.jwts ?? [];
      assert.deepEqual(
        [jwt?.place, Object(jwt?.header).alg, Object(jwt?.claims).iss],
        ["id_token", "RS256", op.issuer],
      );
      assert.deepEqual(Object.keys(tokens?.request?.form ?? {}).sort(), [
        "code",
        "code_verifier",
        "grant_type",
        "redirect_uri",
      ]);
      assert.equal(left?.request?.query, undefined, "an empty query is none");
      assert.equal(person?.summary, "Signed in. Created by JIT provisioning");
    });

    it("say what the directory decided: whom it matched, which fields changed, and which roles it maps", async () => {
      const { acme, app } = site();
      const roleMapping = { name: "groups", adminValues: ["Secret Group"] };
      const connection = await connectOrg(op, { baseUrl: app.url, tenant: acme }, { roleMapping });
      const person = { sub: "00u-joan", email: "joan@acme.example" };
      op.define({ ...person, groups: ["Secret Group"] });
      op.person = person.sub;
      const decided = async () => {
        await signInAt(app, op, connection);
        return (await recorded(acme.store, 5)).at(-1)?.facts?.map(({ label, value }) => [label, value]);
      };
      assert.deepEqual(await decided(), [
        ["Person", "Created by JIT provisioning"],
        ["Changed", "Nothing"],
        ["Roles", "Admin"],
      ]);
      op.define({ ...person, name: "Joan Clarke", given_name: "Joan" });
      assert.deepEqual(await decided(), [
        ["Person", "Matched by the identity of an earlier sign-in"],
        ["Changed", "First name, Display name"],
        ["Roles", "None of those sent is mapped"],
      ]);
      op.person = "00u-ada";
    });

    it("are one flow, from the authorization request to the sign-in, and those of another sign-in are not", async () => {
      await signIn();
      await signIn();
      const messages = await recorded(site().acme.store, 10);
      const flows = messages.map(({ flow }) => flow - (messages[0]?.flow ?? 0));
      assert.deepEqual(flows, [0, 0, 0, 0, 0, 5, 5, 5, 5, 5]);
      assert.ok(messages.every(({ flowKind }) => flowKind === "sign-in"));
      assert.deepEqual(
        messages.slice(0, 5).map(({ route }) => `${route.from} ${route.carried ? "-->" : "->"} ${route.to}`),
        ["product --> okta", "okta --> product", "product -> okta", "product -> okta", "product -> browser"],
      );
    });

    it("have times of their own, in which each call is within its callback", async () => {
      await signIn();
      const [left, came, tokens, userInfo, person] = await recorded(site().acme.store, 5);
      const end = (one = left) => (one?.at ?? 0) + (one?.ms ?? Number.NaN);
      const times = [
        left?.at,
        end(),
        came?.at,
        tokens?.at,
        end(tokens),
        userInfo?.at,
        end(userInfo),
        person?.at,
        end(person),
      ].map(Number);
      assert.deepEqual(
        times,
        times.toSorted((one, other) => one - other),
      );
      assert.equal(end(came), end(person));
      assert.ok(Number(came?.ms) >= Number(tokens?.ms) + Number(userInfo?.ms));
    });

    it("are one flow for a test, which is one, and for a sign-in that the provider refused", async () => {
      const { acme, app } = site();
      const connection = await connectOrg(op, { baseUrl: app.url, tenant: acme }, {}, { draft: true });
      const testId = await startSignInTest(acme.store, connection.id, null);
      const client = app.client();
      const left = await client.get(`/oidc/${connection.key}/login?test=${testId}`);
      await comeBack(app, op, client, left.location ?? "");
      const tested = await recorded(acme.store, 4);
      assert.deepEqual([...new Set(tested.map(({ flowKind }) => flowKind))], ["test"]);
      assert.equal(new Set(tested.map(({ flow }) => flow)).size, 1);
      op.person = "unassigned";
      await signIn();
      op.person = "00u-ada";
      const refused = await recorded(acme.store, 2);
      assert.deepEqual(
        refused.map(({ flow, verdict }) => [flow - (refused[0]?.flow ?? 0), verdict]),
        [
          [0, "passed"],
          [0, "failed"],
        ],
      );
    });

    it("end with the sign-out, which is a flow of its own, without the ID token", async () => {
      const { acme, app } = site();
      const settings = { signOutOfProvider: true };
      const connection = await connectOrg(op, { baseUrl: app.url, tenant: acme }, settings);
      op.define({ sub: "00u-out", email: "out@acme.example" });
      op.person = "00u-out";
      const client = app.client();
      await signInAt(app, op, connection, client);
      op.person = "00u-ada";
      await client.post("/logout");
      const out = (await recorded(acme.store, 6)).at(-1);
      assert.deepEqual(
        [out?.step, out?.flowKind, out?.flow, out?.person, out?.connectionKey],
        ["Sign-out", "sign-out", out?.seq, "out@acme.example", connection.key],
      );
      assert.deepEqual(out?.route, { from: "product", to: "okta", carried: true });
      assert.equal(fieldsOf(out?.response).id_token_hint, "[redacted]");
    });

    it("hide the values of claims that are not mapped, in the ID token and in UserInfo", async () => {
      await signIn();
      const text = JSON.stringify(await recorded(site().acme.store, 5));
      assert.ok(!text.includes("Secret Group") && text.includes('"groups":"[not mapped]"'), text);
      await signIn({ roleMapping: { name: "groups", adminValues: ["x"] } });
      assert.match(JSON.stringify(await recorded(site().acme.store, 5)), /Secret Group/);
    });

    it("contain no code, token, verifier, nonce, state or client secret", async () => {
      const secrets = new Set<string>();
      op.intercept = (req) => {
        const [, basic] = /^Basic (.+)$/.exec(req.headers.authorization ?? "") ?? [];
        const [, bearer] = /^Bearer (.+)$/.exec(req.headers.authorization ?? "") ?? [];
        for (const text of [basic, bearer]) if (text) secrets.add(text);
        return false;
      };
      const { connection } = await signIn();
      op.intercept = null;
      const { state, nonce, client_id: clientId } = op.requests.at(-1) ?? {};
      for (const text of [state, nonce, `secret of ${clientId}`]) secrets.add(text ?? assert.fail());
      assert.ok(secrets.size >= 5, [...secrets].join());
      const kept = JSON.stringify(await recorded(site().acme.store, 5));
      for (const secret of secrets) assert.ok(!kept.includes(secret), `${secret} of ${connection.key}`);
      assert.doesNotMatch(kept, /eyJ/);
    });

    it("say why a person was not let in: by the provider, or by the directory", async () => {
      op.person = "unassigned";
      await signIn();
      const [, came] = await recorded(site().acme.store, 2);
      assert.equal(came?.summary, "Failed: The provider let the person in (it answered access_denied)");
      op.person = "00u-new";
      op.define({ sub: "00u-new", email: "new@acme.example" });
      await signIn({}, { justInTime: false });
      const refused = (await recorded(site().acme.store, 5)).at(-1);
      assert.equal(refused?.summary, "Failed: The directory lets the person in (just-in-time-off)");
      op.person = "00u-ada";
    });

    it("say that a tile named another issuer", async () => {
      const { acme, app } = site();
      const { key } = await connectOrg(op, { baseUrl: app.url, tenant: acme });
      await app.client().get(`/oidc/${key}/initiate?iss=https://evil.example`);
      const [message] = await recorded(acme.store, 1);
      assert.match(
        message?.summary ?? "",
        /^Failed: The request names the connection's issuer \(It named https:\/\/evil/,
      );
    });
  });
});

const claims = (change: Fields): Deviation => ({ claims: (all) => void Object.assign(all, change) });

/** A fault of the provider, the message that shows it, and its summary. */
const failures: [what: string, deviation: Deviation, step: string, summary: RegExp][] = [
  [
    "another issuer",
    claims({ iss: "https://evil.example" }),
    "Token",
    /issuer is the connection's \(expected http:\/\/127\S+, found https:\/\/evil\.example\)$/,
  ],
  [
    "another audience",
    claims({ aud: "0oa-other" }),
    "Token",
    /audience is this client \(expected \S+, found 0oa-other\)$/,
  ],
  ["another nonce", claims({ nonce: "another" }), "Token", /nonce of this sign-in/],
  [
    "an expired token",
    { claims: (all) => void Object.assign(all, { exp: seconds() - 3600 }) },
    "Token",
    /has not expired/,
  ],
  [
    "an old token",
    { claims: (all) => void Object.assign(all, { iat: seconds() - 3600 }) },
    "Token",
    /was issued in the last ten minutes/,
  ],
  ["no subject", { claims: (all) => void delete all.sub }, "Token", /every required claim \(.*"sub"/],
  [
    "another azp",
    claims({ azp: "0oa-other" }),
    "Token",
    /authorized party, it is this client \(expected \S+, found 0oa-other\)$/,
  ],
  ["another access token", claims({ at_hash: "x" }), "Token", /issued with this access token$/],
  ["no ID token", { answer: (all) => void delete all.id_token }, "Token", /every required claim/],
  [
    "another key",
    { header: (all) => void Object.assign(all, { kid: "none" }) },
    "Token",
    /verifies the ID token's signature/,
  ],
  [
    "a refusal",
    { raw: { token: { status: 400, body: '{"error":"invalid_grant","error_description":"used"}' } } },
    "Token",
    /accepts the code.*\(400 invalid_grant used\)$/,
  ],
  [
    "an outage of tokens",
    { raw: { token: { status: 500, body: "oops" } } },
    "Token",
    /token endpoint can be reached/,
  ],
  [
    "an outage of userinfo",
    { raw: { userInfo: { status: 500, body: "oops" } } },
    "UserInfo",
    /UserInfo endpoint can be reached/,
  ],
  [
    "userinfo of another person",
    { userInfo: (all) => void Object.assign(all, { sub: "other" }) },
    "UserInfo",
    /is about the subject of the ID token/,
  ],
  [
    "another issuer in the answer",
    { callback: (url) => url.searchParams.set("iss", "https://evil.example") },
    "Authorization response",
    /names the connection's issuer, or none.*found https:\/\/evil/,
  ],
  [
    "another state",
    { callback: (url) => url.searchParams.set("state", "other") },
    "Authorization response",
    /This browser began a sign-in with this state/,
  ],
  [
    "no state",
    { callback: (url) => url.searchParams.delete("state") },
    "Authorization response",
    /There is a state/,
  ],
  [
    "two codes",
    { callback: (url) => url.searchParams.append("code", "other") },
    "Authorization response",
    /Each parameter is there once \(code\)/,
  ],
  [
    "no address",
    { userInfo: (all) => void delete all.email },
    "Sign-in",
    /claims name a login name and an address$/,
  ],
  [
    "a discovery document of another issuer",
    { discovery: (all) => void Object.assign(all, { issuer: "https://evil.example" }) },
    "Authorization request",
    /discovery document is valid and names/,
  ],
];

describe("the inspector's messages of an OIDC sign-in that fails", () => {
  onOneDatabase((use) => {
    const site = useHostileSite(use);
    before(() => startRecording(site().acme.store));

    for (const [what, deviation, step, summary] of failures) {
      it(`name the check that failed: ${what}`, async () => {
        await site().signIn(await site().journey(deviation), "00u-someone");
        const messages = await recorded(site().acme.store, step === "Authorization request" ? 1 : 2);
        const failed = messages.filter(({ verdict }) => verdict === "failed");
        assert.deepEqual(
          failed.map((message) => message.step.startsWith(step)),
          [true],
          outline(messages).join("; "),
        );
        assert.match(failed[0]?.summary ?? "", summary);
        const verdicts = failed[0]?.checks.map(({ verdict }) => verdict) ?? [];
        assert.equal(verdicts.lastIndexOf("failed"), verdicts.length - 1, "no check follows it");
      });
    }
  });
});
