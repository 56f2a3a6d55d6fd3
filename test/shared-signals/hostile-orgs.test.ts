import assert from "node:assert/strict";
import { changeSettings } from "../../src/directory/connections.ts";
import type { Connection } from "../../src/model.ts";
import { streamPolicy } from "../../src/shared-signals/stream-policy.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { answerOf, messagesOn } from "../helpers/seen.ts";
import { SignalOrg, type WireAnswer } from "../helpers/signal-org.ts";
import { useSite } from "../helpers/site.ts";

const token = "POST /oauth2/v1/token";
const create = "POST /api/v1/ssf/stream";
const verification = "POST /api/v1/ssf/stream/verification";
const discovery = "GET /.well-known/ssf-configuration";

/** An org that is wrong in one way, the rule that refuses it, and the sentence for the owner. */
interface WrongOrg {
  name: string;
  rule: string;
  says: RegExp;
  /** Makes the org wrong before the browser leaves. */
  spoil?(org: SignalOrg): void;
  /** The parameters of the callback that the org changes; null removes one. */
  callback?: Record<string, string | null>;
}

const answers = (call: string, answer: WireAnswer) => (org: SignalOrg) => void org.answers.set(call, answer);
const oauthError = (error: string, status = 400) => answers(token, { status, body: { error } });
const errorBack = (error: string) => ({ callback: { error, code: null } });
const metadata = (changes: Record<string, unknown>) => (org: SignalOrg) =>
  void Object.assign(org, { metadata: changes });
const stream = (changes: Record<string, unknown>) => (org: SignalOrg) =>
  void Object.assign(org, { answered: changes });

const wrongOrgs: readonly WrongOrg[] = [
  {
    name: "names another issuer in its answer",
    rule: "signal-issuer-expected",
    says: /came from another org/,
    callback: { iss: "https://evil.example" },
  },
  {
    name: "did not get consent",
    rule: "consent-given",
    says: /Assign it to yourself/,
    ...errorBack("access_denied"),
  },
  {
    name: "does not know the scopes",
    rule: "scopes-allowed",
    says: /grant ssf\.manage and ssf\.read/,
    ...errorBack("invalid_scope"),
  },
  {
    name: "does not allow the grant",
    rule: "code-allowed",
    says: /select Authorization Code and Refresh Token/,
    ...errorBack("unauthorized_client"),
  },
  {
    name: "fails",
    rule: "authorization-given",
    says: /Okta refused the request/,
    ...errorBack("server_error"),
  },
  {
    name: "is down",
    rule: "org-available",
    says: /does not answer right now/,
    spoil: answers(token, { status: 503 }),
  },
  {
    name: "refuses the client",
    rule: "signal-client-accepted",
    says: /does not accept the client ID/,
    spoil: oauthError("invalid_client", 401),
  },
  {
    name: "refuses the grant of a code",
    rule: "grant-allowed",
    says: /gives this app integration no refresh token/,
    spoil: oauthError("unauthorized_client"),
  },
  {
    name: "refuses the scopes of the code",
    rule: "grant-scopes",
    says: /grant ssf\.manage/,
    spoil: oauthError("invalid_scope"),
  },
  {
    name: "refuses the code",
    rule: "grant-valid",
    says: /Connect again/,
    spoil: oauthError("invalid_grant"),
  },
  {
    name: "answers without OAuth",
    rule: "grant-answered",
    says: /Okta refused the request/,
    spoil: answers(token, { status: 200, body: { hello: 1 } }),
  },
  {
    name: "grants only one of the scopes",
    rule: "grant-complete",
    says: /grant ssf\.manage/,
    spoil: (org) => void Object.assign(org, { scopes: ["ssf.read", "offline_access"] }),
  },
  {
    name: "gives no refresh token",
    rule: "refresh-token-given",
    says: /Refresh Token/,
    spoil: (org) => void Object.assign(org, { scopes: ["ssf.manage", "ssf.read"] }),
  },
  {
    name: "has no transmitter",
    rule: "transmitter-readable",
    says: /publishes no transmitter/,
    spoil: answers(discovery, { status: 404 }),
  },
  {
    name: "redirects the discovery to a private address",
    rule: "transmitter-readable",
    says: /publishes no transmitter/,
    spoil: answers(discovery, { status: 302, headers: { location: "http://169.254.169.254/latest" } }),
  },
  {
    name: "publishes another issuer's transmitter",
    rule: "transmitter-issuer",
    says: /belongs to another org/,
    spoil: metadata({ issuer: "https://evil.example" }),
  },
  {
    name: "sends the access token elsewhere",
    rule: "transmitter-endpoints",
    says: /outside of the org/,
    spoil: metadata({ configuration_endpoint: "http://169.254.169.254/stream" }),
  },
  {
    name: "cannot push",
    rule: "transmitter-push",
    says: /does not push events/,
    spoil: metadata({ delivery_methods_supported: ["urn:ietf:rfc:8936"] }),
  },
  {
    name: "has no working transmitter",
    rule: "transmitter-available",
    says: /does not answer right now/,
    spoil: answers(create, { status: 503 }),
  },
  {
    name: "refuses the access token",
    rule: "call-authorized",
    says: /grant ssf\.manage/,
    spoil: answers(create, { status: 403 }),
  },
  {
    name: "does not know the stream",
    rule: "stream-known",
    says: /does not know the stream/,
    spoil: answers(verification, { status: 404 }),
  },
  {
    name: "wants to be asked later",
    rule: "call-due",
    says: /Wait a minute/,
    spoil: answers(verification, { status: 429, headers: { "retry-after": "60" } }),
  },
  {
    name: "refuses the stream",
    rule: "call-accepted",
    says: /Okta refused the call/,
    spoil: answers(create, { status: 400 }),
  },
  {
    name: "redirects the stream to a private address",
    rule: "call-accepted",
    says: /Okta refused the call/,
    spoil: answers(create, { status: 307, headers: { location: "http://10.0.0.1/stream" } }),
  },
  {
    name: "answers no stream",
    rule: "stream-readable",
    says: /does not describe the stream/,
    spoil: answers(create, { status: 201, body: {} }),
  },
  {
    name: "answers a stream of another issuer",
    rule: "stream-issuer",
    says: /does not describe the stream/,
    spoil: stream({ iss: "https://evil.example" }),
  },
  {
    name: "answers a stream without an audience",
    rule: "stream-readable",
    says: /does not describe the stream/,
    spoil: stream({ aud: [] }),
  },
  {
    name: "answers a stream that pushes elsewhere",
    rule: "stream-delivery",
    says: /does not describe the stream/,
    spoil: stream({ delivery: { method: "urn:ietf:rfc:8935", endpoint_url: "https://evil.example" } }),
  },
  {
    name: "does not deliver both events",
    rule: "stream-events",
    says: /does not deliver both events/,
    spoil: stream({ events_delivered: [] }),
  },
];

/** Rules that other tests break, here and in test/admin/signals.test.ts (the last one). */
const elsewhere = ["signal-state-known", "signal-issuer-named", "stream-id", "stream-free"];

describe("an org that is wrong", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    const org = new SignalOrg();
    let owner: Client;
    let connection: Connection;
    const connect = ({ issuer } = org) =>
      site().acme.connection({
        settings: { issuer, clientId: "0oa-sign-in" },
        secret: { text: "secret", sealer: orgSealer },
      });
    before(async () => {
      await org.start();
      owner = await site().clientOf(site().owner);
    });
    beforeEach(async () => {
      org.reset();
      connection = await connect();
    });
    after(() => org.close());

    const page = (of = connection) => `/admin/connections/${of.id}/signals`;
    const { id: clientId, secret: clientSecret } = org.client;
    const leave = async (of = connection) =>
      leavingTo(await submit(owner, page(of), "/connect", { clientId, clientSecret }));
    const pathOf = (url: string) => url.slice(site().app.url.length);
    const refusedBy = () =>
      site().app.logged.findLast(({ event }) => event === "signal_stream.refused")?.rule;
    const stored = () => site().acme.store.signalStreams.ofConnection(connection.id);

    /** Comes back from the org, and returns the message. */
    async function comeBack(path: string, as = owner): Promise<string> {
      return messagesOn(await answerOf(as, await as.get(path)));
    }

    for (const { name, rule, says, spoil, callback = {} } of wrongOrgs) {
      it(`is refused if it ${name}`, async () => {
        const left = await leave();
        spoil?.(org);
        const back = new URL(org.consent(left));
        for (const [parameter, value] of Object.entries(callback)) {
          if (value === null) back.searchParams.delete(parameter);
          else back.searchParams.set(parameter, value);
        }
        let text = await comeBack(pathOf(back.href));
        // Only the verification of these is refused.
        const isConnected = ["stream-known", "call-due"].includes(rule);
        if (isConnected) {
          assert.match(text, /The stream is connected, but not verified/);
          org.answers.set(verification, org.answers.get(verification) ?? assert.fail());
          text = messagesOn(await answerOf(owner, await submit(owner, page(), "/verify")));
        }
        assert.match(text, says);
        assert.equal(refusedBy(), rule);
        assert.equal((await stored())?.providerStreamId !== null, isConnected);
        // A stream that was created and refused does not stay in the org.
        if (!isConnected) assert.equal(org.stream, null);
      });
    }

    it("breaks each rule in one of these tests", () => {
      const rules = Object.values(streamPolicy).flatMap((list) => list.map(({ id }) => id));
      const broken = new Set([...wrongOrgs.map(({ rule }) => rule), ...elsewhere]);
      assert.deepEqual(
        rules.filter((id) => !broken.has(id)),
        [],
      );
    });

    it("is refused if it does not name itself although it announces it (RFC 9207)", async () => {
      const naming = await new SignalOrg().start();
      naming.openIdMetadata = { authorization_response_iss_parameter_supported: true };
      connection = await connect(naming);
      const left = await leave();
      assert.match(await comeBack(pathOf(naming.consent(left))), /came from another org/);
      assert.equal(refusedBy(), "signal-issuer-named");
      const back = new URL(naming.consent(await leave()));
      back.searchParams.set("iss", naming.issuer);
      assert.match(await comeBack(pathOf(back.href)), /The stream is connected/);
      await naming.close();
    });

    it("is not asked anything for a state that was used before", async () => {
      const back = pathOf(org.consent(await leave()));
      assert.match(await comeBack(back), /The stream is connected/);
      const calls = org.calls.length;
      assert.match(await comeBack(back), /was not asked for in this session/);
      assert.equal(refusedBy(), "signal-state-known");
      assert.equal(org.calls.length, calls);
    });

    it("is not asked anything for a state of another session or of another connection", async () => {
      const other = await createLocalAccount(
        site().acme.store,
        `second-${connection.key}@acme.example`,
        "owner",
      );
      const thief = await site().clientOf(other);
      const back = org.consent(await leave());
      assert.match(await comeBack(pathOf(back), thief), /was not asked for in this session/);
      const second = await connect();
      await leave(second);
      const moved = pathOf(back).replace(connection.key, second.key);
      assert.match(await comeBack(moved), /was not asked for in this session/);
      assert.ok(!org.calls.includes(token));
      assert.match(
        await comeBack(pathOf(back)),
        /The stream is connected/,
        "the owner's own answer still works",
      );
    });

    it("cannot continue after the stream was removed and begun anew", async () => {
      const back = pathOf(org.consent(await leave()));
      await submit(owner, page(), "/forget");
      await leave();
      assert.match(await comeBack(back), /was not asked for in this session/);
      assert.ok(!org.calls.includes(token));
    });

    it("is refused if it repeats a parameter of the callback", async () => {
      const back = `${pathOf(org.consent(await leave()))}&state=another`;
      assert.match(await comeBack(back), /was not asked for in this session/);
    });

    it("is refused if it changes another stream than the one to take over", async () => {
      const delivery = { method: "urn:ietf:rfc:8935", endpoint_url: "https://siem.acme.example" };
      org.stream = { id: "esc-1", configuration: { delivery }, status: "enabled" };
      await comeBack(pathOf(org.consent(await leave())));
      const question = await owner.get(`${page()}/take-over`);
      assert.match(question.text, /siem\.acme\.example/);
      org.answers.set("PATCH /api/v1/ssf/stream", {
        status: 200,
        body: {
          stream_id: "esc-2",
          iss: org.issuer,
          aud: "a",
          delivery: { ...delivery, endpoint_url: `${site().app.url}/shared-signals/${connection.key}` },
          events_delivered: [],
        },
      });
      const answer = await answerOf(owner, await submit(owner, `${page()}/take-over`, "/take-over"));
      assert.match(messagesOn(answer), /does not describe the stream/);
      assert.equal(refusedBy(), "stream-id");
      assert.equal((await stored())?.providerStreamId, null);
    });

    it("loses its stream here when the connection changes to another org", async () => {
      await comeBack(pathOf(org.consent(await leave())));
      const { store } = site().acme;
      await changeSettings(store, connection.id, { issuer: org.issuer, clientId: "0oa-other" });
      assert.ok(await stored(), "another client of the same org changes nothing");
      await changeSettings(store, connection.id, { issuer: "https://other.example", clientId: "0oa" });
      assert.equal(await stored(), null);
    });

    it("is not asked for a connection that is off", async () => {
      await submit(owner, `/admin/connections/${connection.id}`, "/disable");
      await owner.post(`${page()}/connect`, { clientId, clientSecret });
      assert.deepEqual(org.calls, []);
      assert.equal(await stored(), null);
    });

    it("sees one refresh token used once by concurrent requests of two administrators", async () => {
      await comeBack(pathOf(org.consent(await leave())));
      const pressed = await Promise.all([1, 2, 3].map(() => owner.post(`${page()}/status`)));
      for (const { status } of pressed) assert.equal(status, 303);
      const last = messagesOn(await answerOf(owner, await submit(owner, page(), "/status")));
      assert.match(last, /The status is up to date/);
      assert.equal((await stored())?.isAuthorized, true);
    });
  });
});
