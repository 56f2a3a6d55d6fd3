import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { addInstance } from "../src/catalog.ts";
import { assign } from "../src/people.ts";
import { sampleSeed } from "../src/sample.ts";
import type { CatalogApp, OrgApp } from "../src/state.ts";
import { addApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";

/** An application with a token endpoint and an empty directory. It accepts the access token that it issued last. */
class TokenApplication {
  origin = "";
  /** The forms that the token endpoint got. */
  readonly forms: Record<string, string>[] = [];
  /** The Authorization headers of the SCIM requests. */
  readonly used: string[] = [];
  accepted = "";
  issued = 0;
  /** In seconds. */
  lifetime = 3600;
  refusal: object | null = null;
  readonly #server = createServer((req, res) => void this.#answer(req, res));

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await text(req);
    res.setHeader("content-type", "application/json");
    if (req.url === "/token") {
      this.forms.push(Object.fromEntries(new URLSearchParams(body)));
      if (this.refusal) {
        res.statusCode = 400;
        res.end(JSON.stringify(this.refusal));
        return;
      }
      this.issued++;
      this.accepted = `access-${this.issued}`;
      const token = { access_token: this.accepted, token_type: "Bearer", expires_in: this.lifetime };
      res.end(JSON.stringify({ ...token, refresh_token: `refresh-${this.issued}` }));
      return;
    }
    const { authorization = "" } = req.headers;
    this.used.push(authorization);
    res.statusCode = authorization === `Bearer ${this.accepted}` ? (req.method === "POST" ? 201 : 200) : 401;
    const answer =
      req.method === "POST" ? { ...JSON.parse(body), id: "u1" } : { totalResults: 0, Resources: [] };
    res.end(JSON.stringify(answer));
  }
}

describe("provisioning with OAuth 2", () => {
  const application = new TokenApplication();
  let org: TestOrg;
  let admin: Visitor;
  let app: OrgApp;
  before(async () => {
    await application.start();
    org = await startStandIn();
    admin = org.browser();
  });
  after(async () => {
    await org.close();
    application.close();
  });
  beforeEach(async () => {
    Object.assign(application, {
      forms: [],
      used: [],
      issued: 0,
      accepted: "",
      lifetime: 3600,
      refusal: null,
    });
    const { catalog = {} } = await sampleSeed("Demo org");
    const { sample } = catalog;
    assert.ok(sample?.scim);
    const authorize = "'https://' + app.subdomain + '.example.com/oauth2/authorize'";
    const token = `'${application.origin}/token'`;
    const client = { clientId: "okta", clientSecret: "the client's secret", scopes: "scim" };
    const scim: CatalogApp["scim"] = {
      ...{ ...sample.scim, baseUrl: `'${application.origin}'`, mode: "OAuth 2" },
      oauth: { authorizeUrl: authorize, tokenUrl: token, ...client },
    };
    await org.reset({ people: {}, groups: {}, apps: {}, catalog: { sample: { ...sample, scim } } });
    const entry = org.store.state.catalog?.sample ?? assert.fail();
    app = await addInstance(org, entry, { label: "Sample", variables: { subdomain: "acme" } });
  });

  const base = () => `/admin/app/sample/instance/${app.id}/provisioning`;

  /** Clicks "Authenticate with Sample", and returns where the browser goes. */
  async function authenticate(form: Record<string, string> = {}): Promise<URL> {
    const { status, location } = await admin.post(`/admin/apps/${app.id}/provisioning/authenticate`, form);
    assert.equal(status, 303);
    return new URL(location ?? "", org.url);
  }

  /** Comes back from the application, and returns the page to which that leads. */
  async function comeBack(target: URL, answer: Record<string, string> = { code: "a code" }): Promise<string> {
    const back = new URL(target.searchParams.get("redirect_uri") ?? "");
    const query = new URLSearchParams({ state: target.searchParams.get("state") ?? "", ...answer });
    const { status, location } = await admin.get(`${back.pathname}?${query}`);
    assert.equal(status, 303);
    return (await admin.get(location ?? "")).text;
  }

  async function submit(path: string, form: Record<string, string>): Promise<string> {
    const { location } = await admin.post(path, form);
    return (await admin.get(location ?? "")).text;
  }
  const save = (form: Record<string, string> = {}) =>
    submit(`/admin/apps/${app.id}/provisioning/integration`, { enabled: "on", save: "1", ...form });

  async function connected(): Promise<void> {
    await comeBack(await authenticate());
    assert.match(await save(), /API Integration is saved/);
    application.used.length = 0;
  }

  /** Assigns a new person, who is created by SCIM. */
  async function provision(login: string): Promise<string | undefined> {
    Object.assign(app.provisioning ?? {}, { createUsers: true });
    const person = addTo(org, { login });
    await assign(org, app, [person.id]);
    return app.assignments[person.id]?.state;
  }

  it("opens the authorization endpoint of the integration with the parameters of a code request", async () => {
    const page = (await admin.get(`${base()}/integration?edit=integration`)).text;
    assert.match(page, /Authenticate with Sample<\/button>/);
    assert.doesNotMatch(page, /API Token/);
    const target = await authenticate();
    assert.equal(target.origin + target.pathname, "https://acme.example.com/oauth2/authorize");
    const { state, ...query } = Object.fromEntries(target.searchParams);
    assert.ok(state && state.length >= 32);
    assert.deepEqual(query, {
      response_type: "code",
      client_id: "okta",
      redirect_uri: `${org.url}/admin/app/cpc/sample/oauth/callback`,
      scope: "scim",
    });
  });

  it("exchanges the code, and provisions with the access token", async () => {
    assert.match(await save(), /Authenticate with Sample first/);
    const page = await comeBack(await authenticate());
    assert.match(page, /Sample was authenticated successfully![\s\S]*Re-authenticate with Sample/);
    assert.match(await save(), /API Integration is saved/);
    assert.equal(await provision("ada@acme.example"), "provisioned");
    assert.deepEqual(application.forms, [
      {
        grant_type: "authorization_code",
        code: "a code",
        redirect_uri: `${org.url}/admin/app/cpc/sample/oauth/callback`,
        client_id: "okta",
        client_secret: "the client's secret",
      },
    ]);
    assert.deepEqual([...new Set(application.used)], ["Bearer access-1"]);
    const log = JSON.stringify(org.calls.latest(100));
    for (const secret of ["access-1", "refresh-1", "a code", "client's secret"])
      assert.ok(!log.includes(secret), secret);
  });

  it("refreshes once after 401, even if several calls fail at the same time", async () => {
    await connected();
    application.accepted = "none";
    Object.assign(app.provisioning ?? {}, { createUsers: true });
    const people = ["a", "b", "c", "d"].map((name) => addTo(org, { login: `${name}@acme.example` }).id);
    await assign(org, app, people);
    assert.deepEqual(
      people.map((id) => app.assignments[id]?.state),
      ["provisioned", "provisioned", "provisioned", "provisioned"],
    );
    assert.deepEqual(
      application.forms.slice(1).map(({ grant_type, refresh_token }) => [grant_type, refresh_token]),
      [["refresh_token", "refresh-1"]],
    );
    assert.equal(app.provisioning?.grant?.refreshToken, "refresh-2");
  });

  it("refreshes before the access token ends", async () => {
    application.lifetime = 30;
    await connected();
    await provision("ada@acme.example");
    assert.ok(!application.used.includes("Bearer access-1"), application.used.join());
  });

  it("shows the error of the application, and needs a new authentication after a refused refresh", async () => {
    const denied = { error: "access_denied", error_description: "The administrator said no" };
    assert.match(
      await comeBack(await authenticate(), denied),
      /Error authenticating: access_denied: The administrator said no/,
    );
    assert.equal(app.newGrant, undefined);
    application.refusal = { error: "invalid_grant" };
    assert.match(await comeBack(await authenticate()), /Error authenticating: invalid_grant/);
    application.refusal = null;
    await connected();
    Object.assign(application, { accepted: "none", refusal: { error: "invalid_grant" } });
    assert.equal(await provision("ada@acme.example"), "failed");
    assert.match((await admin.get("/admin/tasks")).text, /Error authenticating: invalid_grant/);
    application.refusal = null;
    await comeBack(await authenticate());
    assert.match(await save(), /API Integration is saved/);
    await org.resume();
    assert.deepEqual(
      Object.values(app.assignments).map(({ state }) => state),
      ["provisioned"],
    );
  });

  it("accepts each state once, and no other", async () => {
    const target = await authenticate();
    await comeBack(target);
    const again = new URLSearchParams({ state: target.searchParams.get("state") ?? "", code: "c" });
    for (const query of [again, new URLSearchParams({ state: "unknown", code: "c" })]) {
      const { status } = await admin.get(`/admin/app/cpc/sample/oauth/callback?${query}`);
      assert.equal(status, 400);
    }
    assert.equal(application.forms.length, 1);
  });

  it("takes the endpoints and the client of a private app from the form, and keeps the header token mode", async () => {
    app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    const form = { mode: "OAuth 2", baseUrl: application.origin, enabled: "on" };
    const client = { clientId: "private", clientSecret: "its secret", scopes: "" };
    const endpoints = {
      authorizeUrl: "https://app.example/authorize",
      tokenUrl: `${application.origin}/token`,
    };
    const refused = await authenticate({ ...form, ...client, authorizeUrl: "no", tokenUrl: "no" });
    assert.match((await admin.get(refused.pathname + refused.search)).text, /must be web addresses/);
    const target = await authenticate({ ...form, ...client, ...endpoints });
    assert.equal(target.origin, "https://app.example");
    assert.equal(target.searchParams.get("scope"), null);
    assert.match(await comeBack(target), /value="OAuth 2" selected/);
    assert.match(await save(form), /API Integration is saved/);
    assert.equal(application.forms[0]?.client_secret, "its secret");
    application.accepted = "a token";
    const token = { mode: "Bearer", baseUrl: application.origin, token: "a token" };
    assert.match(await save(token), /API Integration is saved/);
    assert.deepEqual([app.provisioning?.mode, app.provisioning?.grant], ["Bearer", undefined]);
  });
});

describe("provisioning with OAuth 2 and Okta's redirect URIs", () => {
  it("sends the redirect URI of the cell", async () => {
    const org = await startStandIn({ callbackOrigin: "https://system-admin.okta.com" });
    const app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    const form = { authorizeUrl: "https://app.example/a", tokenUrl: "https://app.example/t", clientId: "c" };
    const path = `/admin/apps/${app.id}/provisioning/authenticate`;
    const { location } = await org.browser().post(path, { ...form, mode: "OAuth 2" });
    assert.equal(
      new URL(location ?? "").searchParams.get("redirect_uri"),
      "https://system-admin.okta.com/admin/app/cpc/test_app/oauth/callback",
    );
    await org.close();
  });
});
