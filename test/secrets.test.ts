import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname, join } from "node:path";
import { inviteOwner } from "../src/directory/local-accounts.ts";
import type { Database } from "../src/store/database.ts";
import { reencrypt } from "../src/store/reencryption.ts";
import { sealer } from "../src/store/secrets.ts";
import { type Engine, onEachDatabase } from "./helpers/databases.ts";
import { tableNames } from "./helpers/every-table.ts";
import { submit } from "./helpers/forms.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions } from "./helpers/org.ts";
import { createLocalAccount, testPassword } from "./helpers/people.ts";
import { until } from "./helpers/processes.ts";
import { startRecording } from "./helpers/recorded.ts";
import { revocationToken, startRevokingOrg } from "./helpers/revocation.ts";
import { withSaml } from "./helpers/saml-site.ts"; // SAML
import { oktaUser, scimClient } from "./helpers/scim.ts";
import { answerOf } from "./helpers/seen.ts";
import { sessionSecret, useSite } from "./helpers/site.ts";
import { samlSecrets } from "./saml/secrets.ts"; // SAML

/** The ids of the two revocations that end the flows. */
const lastStep = "Global token revocation";

/**
 * Runs real flows, successful and failed, and then searches every row, the database's file and every log line for all
 * secrets that went through, in plain text and in every encoding used. The inspector records, so its messages are covered.
 */
describe("secrets", () => {
  onEachDatabase((use, engine) => {
    const site = useSite(use, orgOptions);
    const saml = withSaml(site); // SAML
    let op: OpenIdProvider;
    const secrets = new Map<string, string>();
    const keep = (name: string, value: string | null | undefined) => {
      assert.ok(value && value.length >= 8, `${name} did not turn up`);
      secrets.set(name, value);
    };

    before(async () => {
      op = await startOpenIdProvider();
      await startRecording(site().acme.store);
      keep("the session secret", sessionSecret);
      keep("the data key", orgOptions.dataKey.toString("base64"));
      await bySetUpAndPassword();
      await byProvisioning();
      await byOidc();
      for (const [name, value] of await samlSecrets(saml())) keep(name, value); // SAML
      await byUniversalLogout();
      // The inspector writes in batches, and some activity is written after the response.
      await until(
        "all is written",
        async () => (await steps()).filter((step) => step === lastStep).length === 2,
      );
      await until("the sign-out is told", async () => (await actions()).includes("user.signed_out"));
    });
    after(() => op.close());

    const steps = async () => (await site().acme.store.inspector.after({}, 0, 1_000)).map(({ step }) => step);
    const actions = async () =>
      (await site().acme.store.activity.page({}, null, 1_000)).map(({ action }) => action);

    async function bySetUpAndPassword(): Promise<void> {
      const { acme, app } = site();
      const link = await inviteOwner(acme.store, "invited@acme.example");
      const password = "first password of an invited person";
      const client = app.client();
      await client.get(`/setup/${link}`);
      await client.post(`/setup/${link}`, { password: "too short", repeated: "too short" });
      assert.equal((await client.post(`/setup/${link}`, { password, repeated: password })).status, 303);
      keep("a set-up link", link);
      keep("a first password", password);
      keep("a session's cookie", client.cookies.get("session"));
      keep("a known device's cookie", client.cookies.get("known-device"));
      const changed = "second password of the same person";
      await client.post("/account/password", { current: password, password: changed, repeated: changed });
      keep("a changed password", changed);
      await createLocalAccount(acme.store, "local@acme.example");
      const wrong = "wrong password of a person";
      await app.client().signIn(acme.tenant.slug, "local@acme.example", wrong);
      await app.client().signIn(acme.tenant.slug, "local password in the wrong field", wrong);
      assert.equal(
        (await app.client().signIn(acme.tenant.slug, "local@acme.example", testPassword)).status,
        303,
      );
      keep("a wrong password", wrong);
      keep("a password in the wrong field", "local password in the wrong field");
      keep("a password", testPassword);
    }

    async function byProvisioning(): Promise<void> {
      const { app, owner } = site();
      const admin = await site().clientOf(owner);
      const wanted = { source: "", days: "90" };
      const created = await answerOf(admin, await admin.post("/admin/provisioning/tokens", wanted));
      const token = /id="token">([^<]*)</.exec(created.text)?.[1];
      keep("a provisioning token", token);
      const settings = { sourceConflict: "refuse", passwordSync: "on" };
      await submit(admin, "/admin/provisioning", "/settings", settings);
      const okta = scimClient(app, token ?? "");
      const [first, second, third] = ["synced password one", "synced password two", "synced password three"];
      const { body } = await okta.send("POST", "/Users", {
        ...oktaUser("ada@acme.example"),
        password: first,
      });
      await okta.patch(`/Users/${body.id}`, { op: "replace", path: "password", value: second });
      await okta.patch(`/Users/${body.id}`, { op: "replace", value: { password: third } });
      await okta.send("POST", "/Users", {
        ...oktaUser("ada@acme.example"),
        password: "synced password of a duplicate",
      });
      await okta.get(`/Users?filter=${encodeURIComponent('password eq "password in a filter"')}`);
      await okta.send("POST", "/Users", `{"userName":"x","password":"password in broken JSON"`);
      for (const [name, password] of Object.entries({ first, second, third }))
        keep(`a ${name} synced password`, password);
      keep("a duplicate's password", "synced password of a duplicate");
      keep("a password in a filter", "password in a filter");
      keep("a password in broken JSON", "password in broken JSON");
      const unknown = "oinscim_made-up-token-that-does-not-exist-0123456789";
      await scimClient(app, unknown).get("/Users");
      keep("an unknown token", unknown);
    }

    async function byOidc(): Promise<void> {
      const { app, acme } = site();
      const connection = await connectOrg(
        op,
        { baseUrl: app.url, tenant: acme },
        { signOutOfProvider: true },
      );
      op.person = op.define({
        sub: "00u-ada",
        email: "ada@acme.example",
        zoneinfo: "Zone/That-Is-Not-Mapped",
      }).sub;
      keep(
        "a client secret",
        `secret of ${connection.settings && "clientId" in connection.settings && connection.settings.clientId}`,
      );
      const traffic: string[] = [];
      op.intercept = (req, res) => overhear(req, res, traffic);
      const client = app.client();
      const left = (await client.get(`/oidc/${connection.key}/login`)).location ?? "";
      for (const name of ["state", "nonce"]) keep(`an OIDC ${name}`, new URL(left).searchParams.get(name));
      for (const [name, value] of client.cookies) keep(`the cookie ${name} of a sign-in in flight`, value);
      const back = await comeBack(app, op, client, left);
      assert.equal(back.status, 303, back.text);
      const heard = traffic.join("\n");
      keep("an authorization code", /(?:^|[&\n])code=([^&\s]+)/.exec(heard)?.[1]);
      keep("a code verifier", /code_verifier=([^&\s]+)/.exec(heard)?.[1]);
      for (const name of ["access_token", "id_token"])
        keep(`an OIDC ${name}`, new RegExp(`"${name}":"([^"]+)"`).exec(heard)?.[1]);
      keep("an unmapped claim", "Zone/That-Is-Not-Mapped");
      await client.get(
        `/oidc/${connection.key}/callback?code=replayed-code-0123456789&state=replayed-state-0123456789`,
      );
      keep("a replayed code", "replayed-code-0123456789");
      await client.post("/logout");
    }

    async function byUniversalLogout(): Promise<void> {
      const org = await startRevokingOrg();
      const { app, acme } = site();
      await acme.connection({ settings: { issuer: org.issuer, clientId: "revoker" } });
      const path = "/global-token-revocation";
      for (const name of ["ada@acme.example", "unknown@acme.example"]) {
        const token = await revocationToken(org, "revoker", app.url + path);
        const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
        await app
          .client()
          .send("POST", path, headers, JSON.stringify({ sub_id: { format: "email", email: name } }));
        keep(`a revocation token for ${name}`, token);
      }
      await org.close();
    }

    it("went through the flows, which left their traces", async () => {
      const done = await actions();
      for (const action of [
        "user.created",
        "sign_in.succeeded",
        "sign_in.refused",
        "token.created",
        "user.signed_out",
      ])
        assert.ok(done.includes(action), action);
      const told = await steps();
      const expected = [
        ...["POST /Users", "Token request", lastStep],
        "Response", // SAML
      ];
      for (const step of expected) assert.ok(told.includes(step), told.join());
      assert.ok(secrets.size >= 25, [...secrets.keys()].join());
    });

    it("would be found", async () => {
      const everything = await everythingKept(use().database, engine, use().url);
      for (const name of ["ada@acme.example", "oinscim_"]) assert.ok(everything.includes(name), name);
      assert.ok(JSON.stringify(site().app.logged).includes("sign_in.succeeded"));
    });

    it("that are encrypted can be encrypted again with another key, each in its place", async () => {
      const next = sealer(randomBytes(32), [orgOptions.dataKey]);
      const { replaced, ...others } = await reencrypt(use().database, next);
      assert.ok(replaced > 0);
      assert.deepEqual(others, { left: 0, unreadable: 0 });
    });

    it("are not in any row, database file or log line", async () => {
      const kept = await everythingKept(use().database, engine, use().url);
      const logged = JSON.stringify(site().app.logged);
      const found = [...secrets].flatMap(([name, secret]) =>
        formsOf(secret).flatMap((form) => [
          ...(kept.includes(form) ? [`${name} is in the database`] : []),
          ...(logged.includes(form) ? [`${name} is in the log`] : []),
        ]),
      );
      assert.deepEqual([...new Set(found)], []);
    });
  });
});

/** A secret's encodings: plain, in a URL, in a form, in JSON, and base64. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    ...[secret, encodeURIComponent(secret), new URLSearchParams({ x: secret }).toString().slice(2)],
    ...[JSON.stringify(secret).slice(1, -1), bytes.toString("base64"), bytes.toString("base64url")],
  ];
}

/** All values of all rows, and the whole file on SQLite, because freed pages keep their content. */
async function everythingKept(database: Database, engine: Engine, url: string): Promise<string> {
  const rows: string[] = [];
  for (const table of await tableNames(database)) rows.push(JSON.stringify(await database.sql()(table)));
  // JSON in a column is escaped again there.
  rows.push(rows.join("\n").replaceAll("\\", ""));
  if (engine === "SQLite") {
    for (const name of readdirSync(dirname(url)).filter((file) => file.startsWith(basename(url))))
      rows.push(readFileSync(join(dirname(url), name)).toString("latin1"));
  }
  return rows.join("\n");
}

/** Records what a client sends to the provider, and the responses. */
function overhear(req: IncomingMessage, res: ServerResponse, traffic: string[]): boolean {
  const { emit } = req;
  req.emit = (event: string, ...words: unknown[]) => {
    if (event === "data") traffic.push(String(words[0]));
    return emit.call(req, event, ...words);
  };
  const { end } = res;
  res.end = (...words: unknown[]) => {
    traffic.push(String(words[0]));
    return Reflect.apply(end, res, words);
  };
  return false;
}
