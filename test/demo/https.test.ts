import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { agentName } from "../../src/demo/agent.ts";
import { type DemoTenant, demoTenants, loginOf } from "../../src/demo/tenants.ts";
import { describeInBrowser, seeSignedIn, signOut } from "../helpers/browser.ts";
import { Demo } from "../helpers/demo.ts";
import {
  type Certificate,
  type HttpsFront,
  hasOpenssl,
  selfSigned,
  startHttpsFront,
} from "../helpers/https.ts";
import { freePort } from "../helpers/postgres-server.ts";

// Skipped without openssl, which creates the certificate. CI has it, and sets REQUIRE_BROWSER=1.
if (hasOpenssl || process.env.REQUIRE_BROWSER === "1") {
  describeInBrowser("the demo over https, with the org on another site", (browser) => {
    let certificate: Certificate;
    let fronts: [HttpsFront, HttpsFront];
    let demo: Demo;
    let [appUrl, orgUrl] = ["", ""];

    before(async function () {
      this.timeout(120_000);
      certificate = selfSigned();
      fronts = [await startHttpsFront(certificate), await startHttpsFront(certificate)];
      appUrl = `https://localhost:${fronts[0].port}`;
      orgUrl = `https://127.0.0.1:${fronts[1].port}`;
      demo = new Demo({ BASE_URL: appUrl, ORG_URL: orgUrl, NODE_EXTRA_CA_CERTS: certificate.path });
      const ports: [number, number, number] = [await freePort(), await freePort(), await freePort()];
      for (const [index, front] of fronts.entries()) front.pointTo(`http://127.0.0.1:${ports[index]}`);
      demo.run(ports);
      // The org provisions at the application's public URL, so filling it uses https as well.
      await demo.ready();
    });
    after(async () => {
      await demo.remove();
      for (const front of fronts) await front.close();
      certificate.remove();
    });

    async function isHere(page: Page, name: string): Promise<void> {
      await seeSignedIn(page, name);
      assert.equal(new URL(page.url()).origin, appUrl);
    }

    async function signInAtOrg(page: Page): Promise<void> {
      await page.getByRole("button", { name: "Sign In", exact: true }).click();
    }

    /** The current attributes of a page's cookie. */
    async function attributesOf(page: Page, url: string, wanted: string): Promise<string> {
      const cookie = (await page.context().cookies(url)).find(({ name }) => name === wanted);
      assert.ok(cookie, wanted);
      assert.deepEqual([cookie.secure, cookie.httpOnly], [true, true], wanted);
      return cookie.sameSite;
    }

    for (const tenant of demoTenants) {
      it(`a person signs in by ${tenant.protocol.toUpperCase()}, from the tile and from here`, async () => {
        const page = await browser.open({ ignoreHTTPSErrors: true });
        await byTile(page, tenant);
        await signOut(page);
        await page.getByRole("heading", { name: "You are signed out" }).waitFor();
        await fromHere(page, tenant);
      });
    }

    async function byTile(page: Page, tenant: DemoTenant): Promise<void> {
      const [star] = tenant.people;
      await page.goto(`${orgUrl}/login?${new URLSearchParams({ username: loginOf(star, tenant) })}`);
      await signInAtOrg(page);
      await page.locator(".tile").filter({ hasNotText: agentName }).click();
      await isHere(page, star);
    }

    async function fromHere(page: Page, tenant: DemoTenant): Promise<void> {
      const [star] = tenant.people;
      // The org must ask for a sign-in.
      await page.context().clearCookies({ name: "org-session" });
      await page.goto(`${appUrl}/login`);
      await page.getByLabel("Work e-mail").fill(loginOf(star, tenant));
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForURL(`${orgUrl}/**`);
      // The org answers by a redirect or by a cross-site POST, with which Lax cookies are not sent.
      let [name, sameSite] = ["__Host-signing-in", "Lax"];
      if (tenant.protocol === "saml") [name, sameSite] = ["__Host-saml-request", "None"]; // SAML
      assert.equal(await attributesOf(page, appUrl, name), sameSite);
      await page.getByLabel("Username").fill(loginOf(star, tenant));
      await signInAtOrg(page);
      await isHere(page, star);
      assert.equal(await attributesOf(page, appUrl, "__Host-session"), "Lax");
      assert.equal(await attributesOf(page, orgUrl, "org-session"), "Lax");
    }
  });
}
