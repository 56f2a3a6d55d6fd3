import assert from "node:assert/strict";
import { sampleSeed } from "../src/sample.ts";
import type { CatalogApp, OidcSignOn, OrgApp, SamlSignOn } from "../src/state.ts";
import { startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";

function oidcOf({ signOn }: OrgApp): OidcSignOn {
  assert.ok(signOn.kind === "oidc");
  return signOn;
}

function samlOf({ signOn }: OrgApp): SamlSignOn {
  assert.ok(signOn.kind === "saml");
  return signOn;
}

describe("the app catalog", () => {
  let org: TestOrg;
  let admin: Visitor;
  let sample: CatalogApp;
  before(async () => {
    org = await startStandIn();
    admin = org.browser();
    const { catalog } = await sampleSeed("Demo org");
    sample = catalog?.sample ?? assert.fail("the sample has an integration");
  });
  after(() => org.close());
  beforeEach(() => {
    Object.assign(org.store.state, { apps: {}, catalog: { sample: structuredClone(sample) } });
  });

  /** "Add Integration", as in the browser. Returns the new app, and the page to which the browser goes. */
  async function add(form: Record<string, string>): Promise<{ app: OrgApp | undefined; to: string }> {
    const { status, location } = await admin.post("/admin/catalog/sample/add", form);
    assert.equal(status, 303);
    return { app: Object.values(org.store.state.apps).at(-1), to: location ?? "" };
  }
  const addAcme = async () =>
    (await add({ label: "Sample", "variable-subdomain": "acme" })).app ?? assert.fail();

  it("leads from the list of applications to the fields of an integration", async () => {
    assert.match(
      (await admin.get("/admin/apps")).text,
      /action="\/admin\/catalog">[\s\S]*Browse App Catalog/,
    );
    assert.match((await admin.get("/admin/catalog?q=samp")).text, /href="\/admin\/catalog\/sample"/);
    assert.doesNotMatch((await admin.get("/admin/catalog?q=other")).text, /catalog\/sample/);
    const page = (await admin.get("/admin/catalog/sample")).text;
    assert.match(page, /action="\/admin\/catalog\/sample\/add">[\s\S]*Add Integration/);
    const form = (await admin.get("/admin/catalog/sample/add")).text;
    for (const label of ["General Settings", "Application label", "Subdomain", "Done"])
      assert.ok(form.includes(`>${label}<`), label);
    assert.equal((await admin.get("/admin/catalog/unknown")).status, 404);
  });

  it("derives every URL from the variable, in the dialect of its protocol", async () => {
    const { app, to } = await add({ label: "Sample (Acme)", "variable-subdomain": "acme" });
    assert.ok(app);
    assert.match(to, new RegExp(`^/admin/app/sample/instance/${app.id}/assignments`));
    assert.equal(app.label, "Sample (Acme)");
    const { kind, clientSecret, ...urls } = oidcOf(app);
    assert.deepEqual(urls, {
      redirectUris: ["http://acme.localhost:3000/oidc/callback"],
      postLogoutRedirectUris: ["http://acme.localhost:3000/"],
      initiateLoginUri: "http://acme.localhost:3000/oidc/initiate",
    });
    assert.ok(clientSecret.length >= 40, kind);

    const path = `/admin/apps/${app.id}`;
    await admin.post(`${path}/sign-on/method`, { method: "saml" });
    const { acsUrl, audience } = samlOf(app);
    assert.deepEqual(
      [acsUrl, audience],
      ["http://acme.localhost:3000/saml/acs", "http://acme.localhost:3000/saml/metadata"],
    );

    await admin.post(`${path}/logout`, { adminInitiates: "on" });
    assert.equal(app.universalLogout?.url, "http://acme.localhost:3000/global-token-revocation");
    assert.equal(app.universalLogout?.subjectFormat, "email");
    await admin.post(`${path}/logout`, {});
    assert.equal(app.universalLogout, null);
  });

  it("changes the URLs with the variable, and keeps the credentials", async () => {
    const app = await addAcme();
    const { clientSecret } = oidcOf(app);
    await admin.post(`/admin/apps/${app.id}/settings`, { label: "Renamed", "variable-subdomain": "globex" });
    assert.equal(app.label, "Renamed");
    assert.deepEqual(oidcOf(app).redirectUris, ["http://globex.localhost:3000/oidc/callback"]);
    assert.equal(oidcOf(app).clientSecret, clientSecret);
    const wrong = await admin.post(`/admin/apps/${app.id}`, { redirectUris: "http://evil.example" });
    assert.match((await admin.get(wrong.location ?? "")).text, /The URLs follow from the integration/);
    assert.deepEqual(oidcOf(app).redirectUris, ["http://globex.localhost:3000/oidc/callback"]);
  });

  it("refuses an empty label or variable, and keeps what was entered", async () => {
    for (const [form, text] of [
      [{ label: "Sample", "variable-subdomain": " " }, "Subdomain is required."],
      [{ label: "", "variable-subdomain": "acme" }, "The name of an application has 1 to 100 characters."],
    ] as const) {
      const { to } = await add(form);
      const page = (await admin.get(to)).text;
      assert.ok(page.includes(text), text);
      assert.ok(page.includes(`value="${form["variable-subdomain"]}"`));
    }
    assert.deepEqual(org.store.state.apps, {});
  });

  it("changes nothing if one of the new settings is refused", async () => {
    const app = await addAcme();
    const before = structuredClone(app);
    for (const [subdomain, text] of [
      [" ", "Subdomain is required"],
      ["a b", "is not a web address"],
    ] as const) {
      const form = { label: "Renamed", "variable-subdomain": subdomain };
      const { location } = await admin.post(`/admin/apps/${app.id}/settings`, form);
      assert.ok((await admin.get(location ?? "")).text.includes(text), text);
      assert.deepEqual(app, before);
    }
  });

  it("refuses an expression that it cannot evaluate", async () => {
    const entry = org.store.state.catalog?.sample;
    assert.ok(entry?.oidc);
    for (const expression of ["https://{String.len(app.subdomain)}.example", "https://{app.other}.example"]) {
      entry.oidc.redirectUris = [expression];
      const { to } = await add({ label: "Sample", "variable-subdomain": "acme" });
      assert.match((await admin.get(to)).text, /expression https:\/\//);
    }
    assert.deepEqual(org.store.state.apps, {});
  });

  it("shows the tabs of an instance with Okta's labels, and links to the vendor's guide", async () => {
    const app = await addAcme();
    const signOn = (await admin.get(`/admin/app/sample/instance/${app.id}/sign-on`)).text;
    for (const label of [
      "Sign on methods",
      "Client ID",
      "Client secret",
      "OpenID Connect ID Token",
      "Logout",
    ])
      assert.ok(signOn.includes(label), label);
    assert.match(signOn, /href="http:\/\/localhost:3000\/guides\/oidc"[^>]*>View Setup Instructions/);
    const general = (await admin.get(`/admin/apps/${app.id}`)).text;
    assert.doesNotMatch(general, /Sign-in redirect URIs/, "the customer does not enter URLs");
    const integration = `/admin/apps/${app.id}/provisioning/integration?edit=integration`;
    const provisioning = (await admin.get(integration)).text;
    assert.match(provisioning, />API Token</);
    assert.doesNotMatch(provisioning, />Base URL</, "the base URL is part of the integration");
    for (const tab of ["General", "Sign On", "Provisioning", "Import", "Assignments", "Push Groups"])
      assert.match(general, new RegExp(`>${tab}</a>`));
  });

  it("asks before it changes the sign-on method", async () => {
    const app = await addAcme();
    const { location } = await admin.post(`/admin/apps/${app.id}/sign-on`, { method: "saml" });
    assert.equal(app.signOn.kind, "oidc");
    assert.match((await admin.get(location ?? "")).text, /Change from OpenID Connect to SAML 2\.0\?/);
    await admin.post(`/admin/apps/${app.id}/sign-on/method`, { method: "saml" });
    assert.equal(app.signOn.kind, "saml");
  });

  it("offers no provisioning for an integration without SCIM", async () => {
    const entry = org.store.state.catalog?.sample;
    assert.ok(entry);
    entry.scim = null;
    const app = await addAcme();
    const page = (await admin.get(`/admin/apps/${app.id}`)).text;
    for (const tab of ["Provisioning", "Import", "Push Groups"])
      assert.doesNotMatch(page, new RegExp(`>${tab}</a>`));
  });

  it("replaces the signing certificate only when it is activated", async () => {
    const app = await addAcme();
    await admin.post(`/admin/apps/${app.id}/sign-on/method`, { method: "saml" });
    const first = samlOf(app).certificate;
    await admin.post(`/admin/apps/${app.id}/sign-on/certificate`);
    assert.equal(samlOf(app).certificate, first);
    const next = samlOf(app).spare?.certificate;
    await admin.post(`/admin/apps/${app.id}/sign-on/certificate/activate`);
    assert.deepEqual([samlOf(app).certificate, samlOf(app).spare?.certificate], [next, first]);
    const page = (await admin.get(`/admin/apps/${app.id}/sign-on`)).text;
    const [path = ""] = /\/admin\/app\/sample\/instance\/\w+\/sign-on\/certificate\/\w+/.exec(page) ?? [];
    assert.match((await admin.get(path)).text, /^-----BEGIN CERTIFICATE-----/);
  });
});
