import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { brand } from "../../../config/brand.ts";
import { agentName } from "../../../src/demo/agent.ts";
import { type DemoTenant, demoTenants, loginOf } from "../../../src/demo/tenants.ts";
import { describeInBrowser } from "../../../test/helpers/browser.ts";
import { Demo } from "../../../test/helpers/demo.ts";
import { until } from "../../../test/helpers/processes.ts";
import { landing } from "../src/story/story.ts";
import { playStory } from "./story-player.ts";
import { StoryReader } from "./story-reader.ts";

describeInBrowser("the demo's story, followed from its page", (browser) => {
  let demo: Demo;
  before(async function () {
    this.timeout(120_000);
    demo = new Demo();
    await demo.start();
  });
  after(() => demo.remove());

  it("a step's page is told what happened before its stream began, and nothing else", async () => {
    const client = demo.client();
    const read = async () => {
      const { text: body } = await client.get("/demo/acme/tile");
      return /data-events="([^"]+)"/.exec(body)?.[1] ?? assert.fail("the page has a stream");
    };
    const before = await read();
    await client.get("/oidc/acme/login"); // which the inspector records
    await until("the message is recorded", async () => (await read()) !== before);
    assert.match(await beginningOf(new URL(before, demo.url)), /event: changed/);
    assert.doesNotMatch(await beginningOf(new URL(await read(), demo.url)), /event: changed/);
  });

  for (const tenant of demoTenants) {
    describe(`${tenant.name}, by ${tenant.protocol.toUpperCase()}`, function () {
      this.timeout(300_000);
      it("every step has the described effect, by hand", async () => {
        const page = await browser.open();
        const reader = new StoryReader(page, `${demo.url}/demo/${tenant.slug}/all`);
        await arriving(page, reader, tenant);
        await changing(page, reader, tenant);
        await delegating(page, reader, tenant, demo.password);
        await leaving(page, reader, tenant);
      });

      it("every step has its effect and its tick, by the buttons of the player", async () => {
        const page = await browser.open();
        await page.goto(`${demo.url}/demo/${tenant.slug}/all`);
        await page.getByRole("button", { name: "Reset the demo" }).click();
        await page.waitForURL(/\/demo\/[a-z]+\/tile$/);
        await playStory(page, `${demo.url}/demo/${tenant.slug}`, tenant);
      });

      it("the inspector has the messages of every step, to be read without a password", async () => {
        const page = await browser.open();
        const story = `${demo.url}/demo/${tenant.slug}/all`;
        await page.goto(story);
        const links = page.getByRole("link", { name: / messages$/ });
        const [steps, count] = [await page.locator(".story > li").count(), await links.count()];
        assert.ok(count > 0);
        assert.equal(count, steps);
        for (const place of Array.from({ length: count }).keys()) {
          const [protocol = ""] = ((await links.nth(place).textContent()) ?? "").split(" messages");
          await links.nth(place).click();
          await page.locator("#flows .badge", { hasText: protocol }).first().waitFor();
          assert.equal(new URL(page.url()).pathname, "/admin/inspector");
          await page.goBack();
        }
      });
    });
  }
});

/** The first two seconds of a stream: two looks at the database. */
async function beginningOf(url: URL): Promise<string> {
  const { body } = await fetch(url);
  let text = "";
  const reading = (async () => {
    for await (const part of body ?? []) text += new TextDecoder().decode(part);
  })();
  await Promise.race([reading, sleep(2_000)]);
  return text;
}

async function arriving(page: Page, reader: StoryReader, tenant: DemoTenant): Promise<void> {
  const [star] = tenant.people;
  await reader.arrive("tile", star);
  await page.getByRole("heading", { name: landing.label }).waitFor();
  assert.match(await reader.now("tile"), /managed by SCIM, signed in with 1 browser/);

  await reader.signOutHere();
  const address = await reader.value("login-page");
  await reader.follow("login-page", "Sign in");
  await page.getByLabel("Work e-mail").fill(address);
  await page.getByRole("button", { name: "Continue" }).click();
  if (tenant.protocol === "oidc") {
    // Signing out of the application also signed out of the org, whose page already has the username.
    await page.getByRole("button", { name: "Sign In", exact: true }).click();
  }
  await reader.isHere(star);

  await reader.signOutHere();
  assert.match(await reader.now("just-in-time"), /not known to the application/);
  await reader.arrive("just-in-time", tenant.guest);
  await reader.follow("just-in-time", "Your account");
  await page
    .getByRole("definition")
    .filter({ hasText: loginOf(tenant.guest, tenant) })
    .first()
    .waitFor();
  const before = await reader.now("just-in-time");
  assert.match(before, /came just in time, signed in with 1 browser/);

  await reader.follow("adoption", "Assignments");
  await page.getByRole("button", { name: "Provision User" }).click();
  await page.getByText("Everyone who was not provisioned yet is pushed.").waitFor();
  await reader.follow("adoption", "Reports > System Log");
  await page
    .getByRole("cell", { name: new RegExp(`Assign ${tenant.guest}`) })
    .first()
    .waitFor();
  const after = await reader.now("adoption");
  assert.match(after, /managed by SCIM/);
  assert.equal(/id (\S+)\./.exec(after)?.[1], /id (\S+)\./.exec(before)?.[1], "the same account");
}

async function changing(page: Page, reader: StoryReader, tenant: DemoTenant): Promise<void> {
  const [star, second] = tenant.people;
  const admins = tenant.groups.find(({ role }) => role)?.name ?? "";
  await reader.signOutHere();
  await reader.arrive("role", star);
  const username = await reader.value("role");
  await reader.follow("role", admins);
  await page.getByLabel("Assign person: username").fill(username);
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByText(`${username} is a member now.`).waitFor();
  await reader.follow("role", landing.label);
  await page.getByRole("link", { name: "Admin", exact: true }).waitFor();
  await reader.follow("role", admins, 1);
  await page.getByRole("button", { name: `Remove ${star}` }).click();
  await page.getByText("The member is removed.").waitFor();
  await reader.follow("role", landing.label);
  await reader.isHere(star);
  assert.equal(await page.getByRole("link", { name: "Admin", exact: true }).count(), 0);

  const renamed = `${star.split(" ")[0]} Newname`;
  const address = `new.name@${tenant.domain}`;
  await reader.follow("rename", "Profile");
  await page.getByLabel("Last name").fill("Newname");
  await page.getByLabel("Username").fill(address);
  await page.getByLabel("Primary email").fill(address);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("The profile is saved").waitFor();
  await reader.follow("rename", "Your account");
  await reader.isHere(renamed);
  await page.getByRole("definition").filter({ hasText: address }).first().waitFor();
  await reader.signOutHere();
  if (tenant.protocol === "oidc") await reader.signInAtOrg("role");
  await reader.openTile("rename");
  await reader.isHere(renamed);
  assert.match(await reader.now("rename"), new RegExp(`${renamed}: ${address}, member, managed by SCIM`));

  if (tenant.protocol === "saml") await weakSignature(page, reader); // SAML

  await reader.signInAtOrg("other-session");
  await reader.openTile("other-session");
  // SAML {
  if (tenant.protocol === "saml") {
    await page.getByRole("heading", { name: "Change who is signed in?" }).waitFor();
    await page.getByRole("button", { name: `Continue as ${loginOf(second, tenant)}` }).click();
  }
  // SAML }
  await reader.isHere(second);
  assert.match(await reader.now("other-session"), new RegExp(`Signed in: ${second}`));
}

// SAML {
async function weakSignature(page: Page, reader: StoryReader): Promise<void> {
  const choose = async (nth: number, algorithm: string) => {
    await reader.follow("weak-signature", "Sign On", nth);
    await page.getByLabel(algorithm).check();
    await page
      .locator("section", { hasText: "Signature and digest algorithm" })
      .getByRole("button", { name: "Save" })
      .click();
    await page.getByText("Responses are signed with").waitFor();
  };
  await choose(0, "SHA-1, to see it refused");
  await reader.openTile("weak-signature");
  await page.getByText("Your identity provider signed with SHA-1").waitFor();
  await page.getByText(/Reference [0-9a-f-]{36}/).waitFor();
  await choose(1, "SHA-256");
}
// SAML }

async function leaving(page: Page, reader: StoryReader, tenant: DemoTenant): Promise<void> {
  const [star] = tenant.people;
  const renamed = `${star.split(" ")[0]} Newname`;
  await reader.signOutHere();
  await reader.arrive("universal-logout", renamed);
  await reader.follow("universal-logout", star);
  await page.getByRole("button", { name: "More Actions" }).click();
  await page.getByRole("link", { name: "Clear User Sessions" }).click();
  await page.getByLabel("Also include logout enabled apps").check();
  await page.getByRole("button", { name: "Clear and revoke" }).click();
  await page.getByText("answered 204: the person is signed out there").waitFor();
  await reader.follow("universal-logout", landing.label);
  await page.waitForURL("**/login?*");

  await reader.arrive("deactivation", renamed);
  const before = await reader.now("deactivation");
  await reader.follow("deactivation", star);
  await page.getByRole("button", { name: "More Actions" }).click();
  await page.getByRole("link", { name: "Deactivate" }).click();
  await page.getByRole("button", { name: "Deactivate" }).click();
  await page.getByText("is deactivated, and unassigned from every application").waitFor();
  await reader.follow("deactivation", landing.label);
  await page.waitForURL("**/login?*");
  assert.match(await reader.now("deactivation"), /deactivated, managed by SCIM, signed in nowhere/);

  await reader.follow("reactivation", star);
  await page.getByRole("button", { name: "More Actions" }).click();
  await page.getByRole("button", { name: "Activate", exact: true }).click();
  await page.getByText("is active.").waitFor();
  const username = await reader.value("reactivation");
  await reader.follow("reactivation", "Assignments");
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByRole("link", { name: "Assign to People" }).click();
  await page.getByLabel("Search").fill(username);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: `Assign ${renamed}` }).click();
  await page.getByRole("button", { name: "Save and Go Back" }).click();
  await page.getByText("is assigned.").waitFor();
  await reader.arrive("reactivation", renamed);
  const after = await reader.now("reactivation");
  assert.match(after, /member, managed by SCIM, signed in with 1 browser/);
  assert.equal(/id (\S+)\./.exec(after)?.[1], /id (\S+)\./.exec(before)?.[1], "the same account");
}

async function delegating(
  page: Page,
  reader: StoryReader,
  tenant: DemoTenant,
  password: string,
): Promise<void> {
  const answer = page.locator("#answer");
  const ask = async (step: string, question: string, expected: string) => {
    await reader.follow(step, agentName);
    await page.getByRole("button", { name: question }).click();
    await answer.getByText(expected).first().waitFor();
  };
  const signInToAgent = async (step: string) => {
    await reader.follow(step, `Sign in to ${agentName}`);
    await answer.getByText("You are signed in as").waitFor();
  };
  const list = "What is on my list?";

  await reader.signOutHere();
  await reader.arrive("agent-asks", `${tenant.people[0].split(" ")[0]} Newname`);
  await signInToAgent("agent-asks");
  await ask("agent-asks", list, "You have");
  assert.match(await reader.now("agent-asks"), /Task helper: may act here, last got a token for new\.name@/);

  await ask("agent-writes", "Add “", "I added it");
  await ask("agent-writes", "Give it to", `${tenant.people[1]} has it now`); // sample product
  await reader.follow("agent-writes", landing.label);
  const task = page.locator(".task", { hasText: "Invite the press" }); // sample product
  await task.getByText(tenant.people[1]).first().waitFor(); // sample product

  await disconnect(page, reader, tenant);
  await reader.follow("agent-disconnected", agentName);
  await page.getByRole("button", { name: "Forget the access token" }).click();
  await ask("agent-disconnected", list, "Your org does not let Task helper into");
  await connect(page, reader, tenant);
  await ask("agent-disconnected", list, "You have");

  await reader.follow("agent-logout", tenant.people[0]);
  await page.getByRole("button", { name: "More Actions" }).click();
  await page.getByRole("link", { name: "Clear User Sessions" }).click();
  await page.getByLabel("Also include logout enabled apps").check();
  await page.getByRole("button", { name: "Clear and revoke" }).click();
  await ask("agent-logout", list, "Task helper lost its access");

  await reader.signInAtOrg("agent-blocked");
  await signInToAgent("agent-blocked");
  await ask("agent-blocked", list, "You have");
  assert.equal(await reader.value("agent-blocked"), loginOf(tenant.owner, tenant));
  await reader.follow("agent-blocked", "Agents");
  await page.getByLabel("Login name").fill(loginOf(tenant.owner, tenant));
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.locator("summary", { hasText: "Block" }).click();
  await page.getByRole("button", { name: "Block now" }).click();
  await ask("agent-blocked", list, "Task helper lost its access");
  await page.getByRole("link", { name: "Sign in again" }).click();
  await ask("agent-blocked", list, "refuses the permission of your org");
  await reader.follow("agent-blocked", "Agents", 1);
  await page.locator("summary", { hasText: "Unblock" }).click();
  await page.getByRole("button", { name: "Unblock now" }).click();
  await ask("agent-blocked", list, "You have");
}

/** The customer's app in the org's lists. */
const labelOf = ({ name }: DemoTenant) => `${brand.productName} (${name})`;

async function disconnect(page: Page, reader: StoryReader, tenant: DemoTenant): Promise<void> {
  await reader.follow("agent-disconnected", "Resource connections");
  await page.getByRole("button", { name: `Delete the connection to ${labelOf(tenant)}` }).click();
  await page.getByText("the agent gets no more ID-JAGs").waitFor();
}

async function connect(page: Page, reader: StoryReader, tenant: DemoTenant): Promise<void> {
  const [resource = "", clientId = "", scopes = ""] = await reader.values("agent-disconnected");
  await reader.follow("agent-disconnected", "Resource connections", 1);
  await page.getByRole("button", { name: "Add resource connection" }).click();
  await page.getByLabel("Application instance").selectOption({ label: labelOf(tenant) });
  await page.getByLabel("Resource indicator").fill(resource);
  await page.getByLabel("AI agent's client ID registered in this app").fill(clientId);
  await page.getByLabel("Allow specific scopes").check();
  await page.getByRole("textbox", { name: "Scopes" }).fill(scopes);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText("The resource connection is added.").waitFor();
}
