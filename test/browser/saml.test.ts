import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { changeSettings } from "../../src/directory/connections.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { samlUrls } from "../../src/endpoints.ts";
import type { Connection, SamlSettings } from "../../src/model.ts";
import { refreshMetadata } from "../../src/saml/metadata-refresh.ts";
import { describeInBrowser, signOut } from "../helpers/browser.ts";
import { createSigningKey, type SigningKey } from "../helpers/certificates.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type SamlIdp, startSamlIdp } from "../helpers/saml-idp.ts";
import { keyPairsOf, useSamlSite } from "../helpers/saml-site.ts";

const limits = { allowPrivateNetwork: true };

describeInBrowser("SAML in the browser, with another vendor's provider on another site", (browser) => {
  onOneDatabase((use) => {
    const site = useSamlSite(use, { insecureAllowPrivateNetwork: true });
    let idp: SamlIdp;
    let next: SigningKey;
    let connection: Connection & { type: "saml"; settings: SamlSettings };
    before(async () => {
      next = await createSigningKey("next");
      idp = await startSamlIdp(site().key);
      const { acme, app } = site();
      connection = (await site().connect({
        idpEntityId: idp.entityId,
        ssoUrl: `${idp.origin}/sso`,
        metadataUrl: idp.metadataUrl,
        encryptedAssertions: true,
      })) as typeof connection;
      idp.tile = { ...samlUrls(app.url, connection.key), relayState: `${app.url}/account` };
      await acme.store.connections.update(site().connection.id, { status: "disabled" });
      await acme.store.domains.markVerified(await addDomain(acme.store, "acme.example"));
    });
    after(() => idp.close());

    async function assertAccount(page: Page, email: string): Promise<void> {
      await page.waitForURL(`${site().app.url}/account`);
      const text = await page.locator("main").innerText();
      for (const part of ["Ada", "Lovelace", email, "Single sign-on (SAML)"]) {
        assert.ok(text.includes(part), text);
      }
    }

    async function signInByEmail(email = "ada@acme.example"): Promise<Page> {
      const page = await browser.open();
      await page.goto(`${site().app.url}/account`);
      await page.getByLabel("Work e-mail").fill(email);
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await assertAccount(page, email);
      return page;
    }

    async function signInByTile(page: Page): Promise<void> {
      await page.goto(`${idp.origin}/dashboard`);
      await page.getByRole("link", { name: "Tile" }).click();
    }

    it("a new person signs in by e-mail address, lands on the wanted page, and signs out", async () => {
      const page = await signInByEmail();
      await signOut(page);
      await page.waitForURL(`${site().app.url}/signed-out`);
      await page.goto(`${site().app.url}/account`);
      assert.equal(await page.locator("h1").textContent(), "Sign in");
    });

    for (const javaScriptEnabled of [true, false]) {
      it(`a person signs in by a request that is posted, ${javaScriptEnabled ? "at once" : "by its button without JavaScript"}`, async () => {
        const { store } = site().acme;
        await changeSettings(store, connection.id, { ...connection.settings, requestByPost: true });
        const page = await browser.open({ javaScriptEnabled });
        await page.goto(`${site().app.url}/saml/${connection.key}/login?returnTo=/account`);
        if (!javaScriptEnabled) await page.getByRole("button", { name: "Continue" }).click();
        await page.getByRole("button", { name: "Sign in to the org" }).click();
        // The provider's page posts its response by a script.
        if (javaScriptEnabled) await assertAccount(page, "ada@acme.example");
        else await page.waitForURL(/\/sso\?/);
        await changeSettings(store, connection.id, connection.settings);
      });
    }

    it("a tile signs in, also while the same person is signed in", async () => {
      const page = await browser.open();
      await signInByTile(page);
      await assertAccount(page, "ada@acme.example");
      await signInByTile(page);
      await assertAccount(page, "ada@acme.example");
    });

    it("a tile during another person's session asks before it replaces the session", async () => {
      const page = await signInByEmail();
      idp.person = { ...idp.person, email: "eve@acme.example" };
      await signInByTile(page);
      await page.getByRole("heading", { name: "Change who is signed in?" }).waitFor();
      await page.getByRole("link", { name: "Stay ada@acme.example" }).click();
      await page.goto(`${site().app.url}/account`);
      assert.match(await page.locator("main").innerText(), /ada@acme\.example/);
      await signInByTile(page);
      await page.getByRole("button", { name: "Continue as eve@acme.example" }).click();
      await assertAccount(page, "eve@acme.example");
      idp.person = { ...idp.person, email: "ada@acme.example" };
    });

    it("the provider rotates its key: both keys in the metadata, then only the new one", async () => {
      const { store } = site().acme;
      const { key } = site();
      idp.published = [key, next];
      await refreshMetadata(store, connection, limits);
      for (const signing of [key, next]) {
        idp.key = signing;
        await signInByEmail();
      }
      idp.published = [next];
      await refreshMetadata(store, connection, limits);
      await signInByEmail();
      idp.key = key;
      const page = await browser.open();
      await signInByTile(page);
      await page.getByRole("heading", { name: "You could not be signed in" }).waitFor();
      idp.published = [key];
      await changeSettings(store, connection.id, { ...connection.settings, certificates: [key.certificate] });
    });

    it("an encrypted assertion is accepted", async () => {
      const [{ certificate }] = await keyPairsOf(site().acme.store, connection);
      idp.encryptFor = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;
      await signInByEmail();
      idp.encryptFor = null;
    });
  });
});
