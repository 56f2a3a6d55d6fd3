import assert from "node:assert/strict";
import { assign } from "okta-stand-in/people";
import type { OrgApp } from "okta-stand-in/state";
import { addApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { createProvisioningClient } from "../../src/directory/provisioning-clients.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import type { ClientSecret } from "../helpers/okta-connect.ts";
import { orgOptions } from "../helpers/org.ts";
import { useSite } from "../helpers/site.ts";

describeInBrowser("OAuth 2.0 for SCIM, from an Okta-shaped Admin Console", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let org: TestOrg;
    let client: ClientSecret;
    let app: OrgApp;
    before(async () => {
      org = await startStandIn();
      client = await createProvisioningClient(use().database);
    });
    beforeEach(async () => {
      await org.reset({ people: {}, groups: {}, apps: {} });
      app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    });
    after(() => org.close());

    const integration = () => `${org.url}/admin/apps/${app.id}/provisioning/integration?edit=integration`;

    /** Presses the button in Okta's Admin Console with the settings of the OIN Wizard. */
    async function authenticate(page: Page): Promise<void> {
      await page.goto(integration());
      await page.getByLabel("Enable API integration").check();
      await page.getByLabel("Base URL").fill(`${site().app.url}/scim/v2`);
      await page.getByLabel("Authentication mode").selectOption("OAuth 2");
      await page.getByLabel("Authorize endpoint").fill(`${site().app.url}/oauth2/authorize`);
      await page.getByLabel("Token endpoint").fill(`${site().app.url}/oauth2/token`);
      await page.getByLabel("Client ID").fill(client.clientId);
      await page.getByLabel("Client secret").fill(client.secret);
      await page.getByRole("button", { name: "Authenticate with Test App" }).click();
    }

    async function connect(): Promise<Page> {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await authenticate(page);
      await page.getByRole("button", { name: "Allow" }).click();
      await page.getByText("Test App was authenticated successfully!").waitFor();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("API Integration is saved.").waitFor();
      Object.assign(app.provisioning ?? {}, { createUsers: true });
      return page;
    }

    /** Assigns a new person, and returns what became of it. */
    async function provision(login: string) {
      const person = addTo(org, { login, firstName: "Ada", lastName: "Lovelace" });
      await assign(org, app, [person.id]);
      return app.assignments[person.id];
    }

    it("connects by an owner's consent, provisions a person, and rotates its tokens", async () => {
      await connect();
      const first = structuredClone(app.provisioning?.grant ?? assert.fail("no grant"));
      const added = await provision("ada.oauth@acme.example");
      assert.deepEqual([added?.state, added?.problem], ["provisioned", null]);
      const found = await site().acme.store.users.byLoginName("ada.oauth@acme.example");
      assert.equal(found?.id, added?.remoteId);
      // Near its end, the org refreshes the access token before the next call.
      Object.assign(app.provisioning?.grant ?? {}, { expiresAt: Date.now() });
      assert.equal((await provision("bob.oauth@acme.example"))?.state, "provisioned");
      const next = app.provisioning?.grant;
      assert.notEqual(next?.refreshToken, first.refreshToken);
      assert.notEqual(next?.accessToken, first.accessToken);
    });

    it("needs a new consent after its tokens are revoked", async () => {
      const page = await connect();
      const { refreshToken } = app.provisioning?.grant ?? assert.fail("no grant");
      const form = new URLSearchParams({ token: String(refreshToken), client_id: client.clientId });
      form.set("client_secret", client.secret);
      const revoked = await site().app.client().send("POST", "/oauth2/revoke", {}, form);
      assert.equal(revoked.status, 200);
      const refused = await provision("eve.oauth@acme.example");
      assert.equal(refused?.state, "failed");
      assert.match(refused?.problem ?? "", /invalid_grant/);
      await page.goto(integration());
      await page.getByRole("button", { name: "Re-authenticate with Test App" }).click();
      await page.getByRole("button", { name: "Allow" }).click();
      await page.getByText("Test App was authenticated successfully!").waitFor();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("API Integration is saved.").waitFor();
      await org.resume();
      assert.equal(app.assignments[Object.keys(app.assignments)[0] ?? ""]?.state, "provisioned");
    });

    it("shows in Okta that the owner said no", async () => {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await authenticate(page);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByText("Error authenticating: access_denied").waitFor();
      assert.equal(app.newGrant, undefined);
    });
  });
});
