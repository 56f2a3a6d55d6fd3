import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { SAML } from "@node-saml/node-saml";
import { DOMParser } from "@xmldom/xmldom";
import * as samlify from "samlify";
import { newSamlKey } from "../src/keys.ts";
import { metadataUrlOf, type SamlApp, ssoUrlOf } from "../src/saml.ts";
import { escaped } from "../src/saml-response.ts";
import { newId, type OrgPerson } from "../src/state.ts";
import { addApp, addTo, governed, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";

const acsUrl = "http://localhost:9/acs";
const audience = "http://localhost:9/metadata";

describe("the stand-in org's SAML sign-on", () => {
  let org: TestOrg;
  let person: OrgPerson;
  let app: SamlApp;

  before(async () => {
    org = await startStandIn();
    person = addTo(org, { login: "test.user@okta.example", lastName: `O'Hara & "Söhne" <b>` });
    const signOn = {
      kind: "saml" as const,
      externalKey: newId("exk"),
      acsUrl,
      audience,
      defaultRelayState: "",
      attributeStatements: [
        { name: "email", expression: "user.email" },
        { name: "firstName", expression: "user.firstName" },
        { name: "lastName", expression: "user.lastName" },
      ],
      ...(await newSamlKey("Demo org")),
      algorithm: "SHA256" as const,
    };
    app = { ...addApp(org, signOn, [person]), signOn };
    org.store.state.apps[app.id] = app;
  });
  after(() => org.close());

  /** The form that the page posts to the application. */
  async function posted(browser: Visitor, path: string) {
    const page = await browser.get(path);
    assert.equal(page.status, 200, page.text);
    const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? "";
    assert.match(page.text, new RegExp(`action="${acsUrl}"`));
    return { SAMLResponse: value("SAMLResponse"), RelayState: value("RelayState") };
  }

  function nodeSaml(more: Partial<ConstructorParameters<typeof SAML>[0]> = {}) {
    return new SAML({
      entryPoint: ssoUrlOf(org, app),
      issuer: audience,
      callbackUrl: acsUrl,
      audience,
      idpCert: app.signOn.certificate,
      idpIssuer: `http://www.okta.com/${app.signOn.externalKey}`,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: true,
      signatureAlgorithm: "sha256" as const,
      ...more,
    });
  }

  const tile = () => `/home/${app.name}/${app.id}/aln1`;

  it("sends responses that node-saml and samlify accept, from a tile and to a request", async () => {
    const browser = await org.signedIn(person);
    const fromTile = await posted(browser, `${tile()}?RelayState=%2Faccount`);
    assert.equal(fromTile.RelayState, "/account");
    const { profile } = await nodeSaml().validatePostResponseAsync(fromTile);
    assert.equal(profile?.nameID, person.login);
    assert.equal(profile?.nameIDFormat, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    assert.deepEqual(
      [profile?.firstName, profile?.lastName, profile?.email],
      ["Test", person.lastName, person.email],
    );

    const asking = nodeSaml();
    const requestUrl = new URL(await asking.getAuthorizeUrlAsync("state", undefined, {}));
    const answered = await posted(browser, requestUrl.pathname + requestUrl.search);
    assert.equal(answered.RelayState, "state");
    const solicited = await asking.validatePostResponseAsync(answered);
    assert.ok(solicited.profile?.inResponseTo);
    assert.equal(solicited.profile?.sessionIndex, solicited.profile?.inResponseTo);

    samlify.setSchemaValidator({ validate: async () => "this test does not check the schema" });
    const idp = samlify.IdentityProvider({ metadata: await (await fetch(metadataUrlOf(org, app))).text() });
    const sp = samlify.ServiceProvider({
      entityID: audience,
      assertionConsumerService: [{ Binding: samlify.Constants.namespace.binding.post, Location: acsUrl }],
      wantAssertionsSigned: true,
      wantMessageSigned: true,
    });
    const { extract } = await sp.parseLoginResponse(idp, "post", { body: fromTile });
    assert.equal(extract.nameID, person.login);
    assert.equal(extract.attributes?.email, person.email);
  });

  it("sends federated claims as an attribute with a value for each entitlement", async () => {
    governed(app);
    app.claims = [{ name: "roles", expression: "appuser.entitlements.role" }];
    const admin = await org.signedIn(person);
    await admin.post(`/admin/apps/${app.id}/access/${person.id}`, [
      ["value", "Role/member"],
      ["value", "Role/admin"],
    ]);
    const { profile } = await nodeSaml().validatePostResponseAsync(await posted(admin, tile()));
    assert.deepEqual(profile?.roles, ["member", "admin"]);
    const page = (await admin.get(`/admin/apps/${app.id}/sign-on`)).text;
    assert.match(page, /SAML Attributes<[\s\S]*<code>appuser\.entitlements\.role<\/code>/);
    delete app.governance;
    delete app.claims;
  });

  it("sends responses in Okta's shape", async () => {
    const { SAMLResponse } = await posted(await org.signedIn(person), tile());
    const xml = Buffer.from(SAMLResponse, "base64").toString();
    const document = new DOMParser().parseFromString(xml, "text/xml");
    const names = (parent: { childNodes: ArrayLike<{ nodeName: string }> } | null | undefined) =>
      Array.from(parent?.childNodes ?? []).map(({ nodeName }) => nodeName);
    const [assertion] = Array.from(document.getElementsByTagName("saml2:Assertion"));
    assert.deepEqual(names(document.documentElement), [
      "saml2:Issuer",
      "ds:Signature",
      "saml2p:Status",
      "saml2:Assertion",
    ]);
    assert.deepEqual(names(assertion), [
      "saml2:Issuer",
      "ds:Signature",
      "saml2:Subject",
      "saml2:Conditions",
      "saml2:AuthnStatement",
      "saml2:AttributeStatement",
    ]);
    assert.equal(xml.match(/<ec:InclusiveNamespaces [^>]*PrefixList="xs"/g)?.length, 2);
    assert.equal(
      xml.match(/SignatureMethod Algorithm="http:\/\/www\.w3\.org\/2001\/04\/xmldsig-more#rsa-sha256"/g)
        ?.length,
      2,
    );
    assert.equal(
      xml.match(/DigestMethod Algorithm="http:\/\/www\.w3\.org\/2001\/04\/xmlenc#sha256"/g)?.length,
      2,
    );
    assert.equal(xml.match(/xsi:type="xs:string"/g)?.length, 3);
    assert.equal(
      xml.match(/NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"/g)?.length,
      3,
    );
    assert.equal(xml.match(/>http:\/\/www\.okta\.com\/exk\w{17}<\/saml2:Issuer>/g)?.length, 2);
    assert.equal(xml.match(/Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"/g)?.length, 2);
    assert.doesNotMatch(xml, /InResponseTo/, "a tile answers no request");
    assert.equal(xml.match(new RegExp(`Destination="${acsUrl}"`, "g"))?.length, 1);
    assert.match(xml, /PasswordProtectedTransport/);
    const [before, until] = [/NotBefore="([^"]+)"/, /NotOnOrAfter="([^"]+)"/].map((pattern) =>
      Date.parse(pattern.exec(xml)?.[1] ?? ""),
    );
    assert.equal((until ?? 0) - (before ?? 0), 600_000);
  });

  it("signs response and assertion with SHA-1 if the app says so", async () => {
    app.signOn.algorithm = "SHA1";
    try {
      const { SAMLResponse } = await posted(await org.signedIn(person), tile());
      const xml = Buffer.from(SAMLResponse, "base64").toString();
      assert.equal(xml.match(/#rsa-sha1"/g)?.length, 2);
      assert.equal(xml.match(/xmldsig#sha1"/g)?.length, 2);
    } finally {
      app.signOn.algorithm = "SHA256";
    }
  });

  it("publishes metadata with its issuer, addresses and certificate", async () => {
    const answer = await fetch(metadataUrlOf(org, app));
    assert.match(answer.headers.get("content-type") ?? "", /^application\/xml/);
    const provider = samlify.IdentityProvider({ metadata: await answer.text() }).entityMeta;
    assert.equal(provider.getEntityID(), `http://www.okta.com/${app.signOn.externalKey}`);
    for (const binding of ["post", "redirect"])
      assert.equal(provider.getSingleSignOnService(binding), ssoUrlOf(org, app));
    const certificates = [provider.getX509Certificate("signing")].flat();
    assert.deepEqual(
      certificates.map((one) => one.replace(/\s/g, "")),
      [app.signOn.certificate],
    );
    assert.equal((await fetch(`${org.url}/app/exk-unknown/sso/saml/metadata`)).status, 404);
  });

  const redirected = (xml: string) =>
    `${new URL(ssoUrlOf(org, app)).pathname}?${new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString("base64") })}`;
  const request = (more = "") =>
    `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0"${more}/>`;

  it("asks for a sign-in without a session, and again if the request has ForceAuthn", async () => {
    const path = redirected(request());
    const stranger = org.browser();
    assert.equal((await stranger.get(path)).location, `/login?${new URLSearchParams({ fromURI: path })}`);
    const forced = redirected(request(' ForceAuthn="true"'));
    const browser = await org.signedIn(person);
    assert.match((await browser.get(forced)).location ?? "", /^\/login\?fromURI=/);
    await browser.post("/login", { username: person.login, fromURI: forced });
    await posted(browser, forced);
  });

  it("accepts a cross-site request by the POST binding, and redirects it to itself", async () => {
    const sso = new URL(ssoUrlOf(org, app)).pathname;
    const form = { SAMLRequest: Buffer.from(request()).toString("base64"), RelayState: "there" };
    const browser = await org.signedIn(person);
    const answer = await browser.post(sso, form, { origin: "https://app.example" });
    assert.equal(answer.status, 303);
    assert.equal((await posted(browser, answer.location ?? "")).RelayState, "there");
  });

  for (const [what, xml] of [
    ["a request that is not XML", "hello"],
    ["another message", request().replace("AuthnRequest", "LogoutRequest")],
    ["a document type", `<!DOCTYPE x>${request()}`],
    ["a request without an id", request().replace(' ID="_1"', "")],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const answer = await (await org.signedIn(person)).get(redirected(xml));
      assert.equal(answer.status, 400);
      assert.match(answer.text, /The SAMLRequest cannot be read/);
    });
  }

  it("shows an error page to a person who is not assigned", async () => {
    const stranger = addTo(org, { login: "stranger@okta.example" });
    const answer = await (await org.signedIn(stranger)).get(tile());
    assert.equal(answer.status, 400);
    assert.match(answer.text, /Test User is not assigned to Test App/);
  });

  it("escapes markup, and drops characters that XML cannot contain", () => {
    assert.equal(
      escaped(`<a b='c' d="e">&\u0000\u0008\uFFFE𝄞`),
      "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;𝄞",
    );
  });
});
