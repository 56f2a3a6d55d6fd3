import assert from "node:assert/strict";
import { newSamlKey } from "okta-stand-in/keys"; // SAML
import { newId, type OrgApp } from "okta-stand-in/state"; // SAML
import { addApp } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { brand } from "../../config/brand.ts";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertSeen } from "../helpers/seen.ts";
import { assign, carry, useTwoConsoles } from "../helpers/two-consoles.ts";

/** The placeholder in Okta's form before anything is entered. */
const placeholder = "http://127.0.0.1:9/not-set-yet";

describeInBrowser("a connection set up in the browser, by following the page", (browser) => {
  onOneDatabase((use) => {
    const consoles = useTwoConsoles(browser, use);
    const site = () => consoles().site;

    /** Goes from the overview to the page of a draft. */
    async function addDraft(page: Page, protocol: string, key: string): Promise<void> {
      await page.goto(`${site().app.url}/admin`);
      await page.getByRole("navigation", { name: "Administration" }).getByText("Connections").click();
      await page.getByRole("link", { name: "Add a connection" }).click();
      await page.getByText("At first sign-in", { exact: true }).click();
      await page.getByText("Own app integration", { exact: true }).click();
      await page.getByText(protocol, { exact: true }).click();
      await page.getByLabel("Connection ID").fill(key);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Draft", { exact: true }).waitFor();
    }

    /** Goes on to the form with the values. */
    async function openValues(page: Page): Promise<void> {
      await page.getByRole("link", { name: "Continue" }).click();
      await page.getByRole("heading", { name: "Enter the values from Okta" }).waitFor();
      // Wait for the page's script, which checks only later input.
      await page.waitForLoadState();
    }

    /** Saves, runs the test in its window, and waits until the page shows the result by itself. */
    async function testSignIn(page: Page): Promise<void> {
      await page.getByRole("button", { name: "Save and continue" }).click();
      await assertSeen(page, "The values are saved. Now test the sign-in.");
      // The script polls for a result only if it has seen the test start.
      await page.waitForLoadState();
      // Another administrator's change while the test runs.
      const { connections } = site().acme.store;
      const now = (await connections.byId(page.url().split(/[/?]/).at(5) ?? "")) ?? assert.fail(page.url());
      if (now.settings)
        await connections.update(now.id, { settings: { ...now.settings, universalLogout: false } });
      const before = await shownIn(page, "form[data-test]");
      const opened = page.waitForEvent("popup");
      await page.getByRole("button", { name: "Test sign-in" }).click();
      const popup = await opened;
      await popup.getByLabel("Username").fill(consoles().ada.login);
      await popup.keyboard.press("Enter");
      await popup.getByRole("heading", { name: "The test has ended" }).waitFor();
      await popup.close();
      await page.getByText(`Okta and ${brand.productName} understand each other`).waitFor();
      await page.locator(".test-result:focus").waitFor();
      await page.getByText("Ada Lovelace gets in.").waitFor();
      // The fetched part of the page must claim only the values that the page was loaded with.
      assert.equal(await shownIn(page, "form[data-test]"), before);
      const hidden = await page.locator("button[data-copy][hidden]").count();
      assert.equal(hidden, 0, "copy buttons after the test work");
    }

    const shownIn = (page: Page, part: string) => page.locator(`${part} [name="shown"]`).first().inputValue();

    async function switchOnAndSignIn(page: Page): Promise<void> {
      await page.getByRole("button", { name: "Review and switch on…" }).click();
      await page.getByRole("button", { name: "Switch on", exact: true }).click();
      await assertSeen(page, "The connection is on: people can sign in with it.");
      const address = await page.locator("#copy-sign-in").textContent();
      const person = await browser.open();
      await person.goto(address ?? "");
      await person.getByLabel("Username").fill(consoles().ada.login);
      await person.keyboard.press("Enter");
      await person.waitForURL(site().app.url + landingPath);
      await person.goto(`${site().app.url}/account`);
      const text = await person.locator("main").innerText();
      const { ada } = consoles();
      for (const part of ["Ada", "Lovelace", ada.email]) assert.ok(text.includes(part), text);
    }

    it("OpenID Connect: from nothing to a sign-in", async () => {
      const { org, openBoth } = consoles();
      const app = addApp(org, {
        kind: "oidc",
        clientSecret: "secret-of-the-catalog-app",
        redirectUris: [placeholder],
        postLogoutRedirectUris: [],
        initiateLoginUri: null,
      });
      const { page, okta } = await openBoth();
      await addDraft(page, "OpenID Connect", `in-browser-oidc-${site().acme.tenant.slug}`);
      await okta.goto(`${org.url}/admin/apps/${app.id}`);
      await carry(page, "Sign-in redirect URIs", okta, "Sign-in redirect URIs, one a line");
      await carry(page, "Sign-out redirect URIs", okta, "Sign-out redirect URIs, one a line");
      await carry(page, "Initiate login URI", okta, "Initiate login URI");
      await okta.getByRole("button", { name: "Save" }).click();
      await okta.getByText("The settings are saved").waitFor();
      await assign(okta, app, consoles());
      await openValues(page);
      await okta.goto(`${org.url}/admin/apps/${app.id}/sign-on`);
      await carry(okta, "Issuer", page, "Issuer");
      await page.getByText(`Found ${org.url}`).waitFor();
      await okta.goto(`${org.url}/admin/apps/${app.id}`);
      await carry(okta, "Client ID", page, "Client ID");
      await carry(okta, "Client secret", page, "Client secret");
      await testSignIn(page);
      await switchOnAndSignIn(page);
    });

    // SAML {
    it("SAML: from nothing to a sign-in", async () => {
      const { org, openBoth } = consoles();
      const app = addApp(org, {
        kind: "saml",
        externalKey: newId("exk"),
        acsUrl: placeholder,
        audience: placeholder,
        defaultRelayState: "",
        algorithm: "SHA256",
        ...(await newSamlKey("Demo org")),
        attributeStatements: [],
      });
      const { page, okta } = await openBoth();
      await addDraft(page, "SAML 2.0", `in-browser-saml-${site().acme.tenant.slug}`);
      await okta.goto(`${org.url}/admin/apps/${app.id}`);
      await carry(page, "Single sign-on URL", okta, "Single sign-on URL");
      await carry(page, "Audience URI (SP Entity ID)", okta, "Audience URI (SP Entity ID)");
      await okta.getByRole("button", { name: "Save" }).click();
      await okta.getByText("The settings are saved").waitFor();
      await addAttributeStatements(page, app);
      await assign(okta, app, consoles());
      await openValues(page);
      await okta.goto(`${org.url}/admin/apps/${app.id}/sign-on`);
      await carry(okta, "Metadata URL", page, "Metadata URL");
      await page.getByRole("button", { name: "Read", exact: true }).click();
      await assertSeen(page, "3 values filled in from the metadata.");
      assert.match(await page.getByLabel("Issuer").inputValue(), /^http:\/\/www\.okta\.com\/exk/);
      await testSignIn(page);
      await switchOnAndSignIn(page);
    });

    /** The stand-in has no page for these values, so the test types them from our own table, as a person would. */
    async function addAttributeStatements(page: Page, app: OrgApp): Promise<void> {
      if (app.signOn.kind !== "saml") return;
      for (const row of await page.getByRole("table").first().locator("tbody tr").all()) {
        const [name = "", expression = ""] = await row.locator("code").allTextContents();
        app.signOn.attributeStatements.push({ name, expression });
      }
      assert.ok(app.signOn.attributeStatements.length >= 3);
    }

    it("reports errors while a person types, executes nothing, and reads a metadata file", async () => {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await addDraft(page, "SAML 2.0", `in-browser-typing-${site().acme.tenant.slug}`);
      await openValues(page);
      const script =
        "<script>document.title='executed'</script><img src=x onerror=\"document.title='executed'\">";
      for (const field of await page
        .locator("form[data-checks] input:not([type]), form[data-checks] input[type=text], textarea")
        .all()) {
        if (await field.isVisible()) await field.fill(script);
      }
      await page.locator("#ssoUrl-state").getByText("is not a web address").waitFor();
      assert.equal(await page.locator("#ssoUrl").getAttribute("aria-invalid"), "true");
      await page.getByRole("button", { name: "Save and continue" }).click();
      await page.locator("#metadataUrl-state").getByText("is not a web address").waitFor();
      await page.waitForLoadState();
      assert.doesNotMatch(await page.title(), /executed/);
      await page.getByText("Without a metadata URL").click();
      const file = { name: "metadata.xml", mimeType: "text/xml", buffer: Buffer.from("<a/>") };
      await page.getByLabel("Metadata file").setInputFiles(file);
      await page.locator("#metadataXml-state").getByText("no SAML metadata").waitFor();
      const declared = '<?xml version="1.0" encoding="utf-16"?><é/>';
      const wide = Buffer.from(declared, "utf16le");
      for (const buffer of [wide, Buffer.from(wide).swap16()]) {
        await page.getByLabel("Metadata file").setInputFiles([]);
        await page.locator("#metadataXml").fill("");
        await page.getByLabel("Metadata file").setInputFiles({ ...file, buffer });
        while ((await page.locator("#metadataXml").inputValue()) === "") await page.waitForLoadState();
        assert.equal(await page.locator("#metadataXml").inputValue(), declared);
      }
      await page.locator("#ssoUrl").fill("https://acme.okta.com/app/exk1/sso/saml");
      await page.locator("#ssoUrl:not([aria-invalid])").waitFor();
    });
    // SAML }

    it("works without JavaScript", async () => {
      const page = await browser.open({ javaScriptEnabled: false });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await addDraft(page, "OpenID Connect", `in-browser-plain-${site().acme.tenant.slug}`);
      await openValues(page);
      assert.equal(
        await page.getByRole("button", { name: /^Copy/ }).count(),
        0,
        "no button that does nothing",
      );
      await page.getByLabel("Issuer").fill("https://acme-admin.okta.com");
      await page.getByRole("button", { name: "Save and continue" }).click();
      await assertSeen(page, "This is the address of the Admin Console");
    });
  });
});
