import assert from "node:assert/strict";
import { addDomain } from "../../src/directory/tenants.ts";
import { samlUrls } from "../../src/endpoints.ts"; // SAML
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser, signOut } from "../helpers/browser.ts";
import { createSigningKey } from "../helpers/certificates.ts"; // SAML
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import {
  type Certificate,
  type HttpsFront,
  hasOpenssl,
  selfSigned,
  startHttpsFront,
} from "../helpers/https.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions } from "../helpers/org.ts";
import { createTestTenant } from "../helpers/people.ts";
import { newSecrets, type RunningServer, startServer } from "../helpers/processes.ts";
import { type SamlIdp, startSamlIdp } from "../helpers/saml-idp.ts"; // SAML
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML

// Skipped without openssl, which creates the certificate. CI has it, and sets REQUIRE_BROWSER=1.
if (hasOpenssl || process.env.REQUIRE_BROWSER === "1") {
  describeInBrowser("single sign-on over https, with application and provider on two sites", (browser) => {
    let current: TestDatabase;
    let certificate: Certificate;
    let fronts: [HttpsFront, HttpsFront, HttpsFront];
    let op: OpenIdProvider;
    let idp: SamlIdp; // SAML
    let server: RunningServer;
    let baseUrl: string;
    let key: string;

    before(async () => {
      current = await createTestDatabase("SQLite");
      certificate = selfSigned();
      const front = () => startHttpsFront(certificate);
      fronts = [await front(), await front(), await front()];
      baseUrl = `https://localhost:${fronts[0].port}`;
      op = await startOpenIdProvider(`https://127.0.0.1:${fronts[1].port}`);
      op.showsButton = true;
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
      const tenant = await createTestTenant(current.database);
      ({ key } = await connectOrg(op, { baseUrl, tenant }, { signOutOfProvider: true }));
      await tenant.store.domains.markVerified(await addDomain(tenant.store, "acme.example"));
      // SAML {
      idp = await startSamlIdp(await createSigningKey("acme"), `https://127.0.0.1:${fronts[2].port}`);
      const samlTenant = await createTestTenant(current.database);
      const saml = await samlTenant.connection({
        type: "saml",
        key: "saml",
        settings: {
          ...samlSettings,
          idpEntityId: idp.entityId,
          ssoUrl: `${idp.origin}/sso`,
          certificates: [idp.key.certificate],
        },
      });
      idp.tile = { ...samlUrls(baseUrl, saml.key), relayState: "/account" };
      // SAML }
      server = await startServer(current.url, {
        ...newSecrets(),
        DATA_KEY: orgOptions.dataKey.toString("base64"),
        BASE_URL: baseUrl,
        TRUST_PROXY: "1",
        INSECURE_ALLOW_PRIVATE_NETWORK: "1",
        NODE_EXTRA_CA_CERTS: certificate.path,
      });
      fronts[0].pointTo(`http://127.0.0.1:${server.port}`);
      fronts[1].pointTo(op.address);
      fronts[2].pointTo(idp.address); // SAML
    });
    after(async () => {
      server.child.kill("SIGTERM");
      await server.ended;
      for (const front of fronts) await front.close();
      await op.close();
      await idp.close(); // SAML
      await current.dispose();
      certificate.remove();
    });

    // SAML {
    it("a person signs in by SAML, from here and from the tile, with a cross-site cookie", async () => {
      const page = await browser.open({ ignoreHTTPSErrors: true });
      await page.goto(`${baseUrl}/saml/saml/login?returnTo=%2Faccount`);
      const [cookie] = (await page.context().cookies(baseUrl)).filter(({ name }) =>
        /saml-request/.test(name),
      );
      assert.deepEqual(
        [cookie?.name, cookie?.sameSite, cookie?.secure, cookie?.httpOnly],
        ["__Host-saml-request", "None", true, true],
      );
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await page.waitForURL(`${baseUrl}/account`);
      await page.getByText("Single sign-on (SAML)").waitFor();
      await page.context().clearCookies();
      await page.goto(`${idp.origin}/dashboard`);
      await page.getByRole("link", { name: "Tile" }).click();
      await page.waitForURL(`${baseUrl}/account`);
    });
    // SAML }

    it("a person signs in by OpenID, by e-mail address and from the tile, and signs out on both sites", async () => {
      const page = await browser.open({ ignoreHTTPSErrors: true });
      await page.goto(`${baseUrl}/account`);
      await page.getByLabel("Work e-mail").fill("ada@acme.example");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await page.waitForURL(`${baseUrl}/account`);
      await page.getByText("Lovelace").first().waitFor();
      const names = (await page.context().cookies(baseUrl)).map(({ name }) => name);
      assert.ok(names.includes("__Host-session"), names.join());

      await signOut(page);
      await page.getByRole("button", { name: "Sign out of the org" }).click();
      await page.waitForURL(`${baseUrl}/signed-out`);
      await page.goto(`${baseUrl}/oidc/${key}/initiate?iss=${encodeURIComponent(op.issuer)}`);
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await page.waitForURL(baseUrl + landingPath);
    });
  });
}
