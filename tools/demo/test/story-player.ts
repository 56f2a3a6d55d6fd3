import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { agentName } from "../../../src/demo/agent.ts";
import { type DemoTenant, loginOf } from "../../../src/demo/tenants.ts";
import { seeSignedIn } from "../../../test/helpers/browser.ts";

/** A presenter who presses the buttons of the player, and returns by the line at the top of every page. */
class Presenter {
  readonly page: Page;
  #acts = 0;

  constructor(page: Page) {
    this.page = page;
  }

  /** Presses the step's next button: it is the marked one. */
  async act(): Promise<void> {
    if ((await this.page.locator(".player-step").count()) === 0) await this.return();
    const next = this.page.locator(".act.primary");
    assert.equal(await next.locator(".act-number").textContent(), String(++this.#acts));
    await next.click();
  }

  /** Leads back to the step, from the application, the org or the agent. */
  async return(): Promise<void> {
    await this.page.getByRole("link", { name: /^The story/ }).click();
    await this.page.locator(".player-step").waitFor();
  }

  /** Waits for the step's tick, which appears by itself, and goes on with the arrow key. */
  async tickAndNext(): Promise<void> {
    if ((await this.page.locator(".player-step").count()) === 0) await this.return();
    await this.page.locator("#tick .done").waitFor();
    await this.page.locator('.player-rail [aria-current="step"].done').waitFor();
    this.#acts = 0;
    const { pathname } = new URL(this.page.url());
    const isLeft = () => this.page.waitForURL((url) => url.pathname !== pathname, { timeout: 15_000 });
    await this.page.keyboard.press("ArrowRight");
    // On a machine with much else to do, a key has been lost. People press it again.
    await isLeft().catch(async () => {
      await this.page.keyboard.press("ArrowRight");
      await isLeft();
    });
  }

  async isHere(name: string): Promise<void> {
    await seeSignedIn(this.page, name);
  }

  async now(text: string): Promise<void> {
    if ((await this.page.locator(".player-step").count()) === 0) await this.return();
    await this.page.locator("#now", { hasText: text }).waitFor();
  }

  /** Asks the agent, and waits for a part of its answer. */
  async ask(question: string, answer: string): Promise<void> {
    await this.page.getByRole("button", { name: question }).click();
    await this.page.locator("#answer").getByText(answer).first().waitFor();
  }
}

/** Plays a customer's story, from a new demo to its last step. */
export async function playStory(page: Page, story: string, tenant: DemoTenant): Promise<void> {
  const presenter = new Presenter(page);
  await page.goto(story);
  await page.waitForURL(`${story}/tile`);
  await people(presenter, tenant);
  await changes(presenter, tenant);
  await agent(presenter, tenant);
  await ends(presenter, tenant);
  await page.waitForURL(`${story}/reactivation`);
  await page.locator("#tick .done").waitFor();
  assert.equal(await page.locator(".player-rail li > a:not(.done)").count(), 0, "every step has its tick");
}

async function people(presenter: Presenter, tenant: DemoTenant): Promise<void> {
  const { page } = presenter;
  const [star] = tenant.people;
  await presenter.act();
  await presenter.isHere(star);
  await presenter.return();
  await page.locator("#happened a").first().waitFor();
  await presenter.tickAndNext();

  const address = (await page.locator(".acts .value").textContent()) ?? "";
  await presenter.act();
  await page.getByLabel("Work e-mail").fill(address);
  await page.getByRole("button", { name: "Continue" }).click();
  await presenter.isHere(star);
  await presenter.tickAndNext();

  await presenter.now("not known to the application");
  await presenter.act();
  await presenter.isHere(tenant.guest);
  await presenter.act();
  await page.locator("main").getByText(loginOf(tenant.guest, tenant)).first().waitFor();
  await presenter.now("came just in time");
  await presenter.tickAndNext();

  await presenter.act();
  await presenter.now("managed by SCIM");
  await presenter.tickAndNext();
}

async function changes(presenter: Presenter, tenant: DemoTenant): Promise<void> {
  const { page } = presenter;
  const [star, second] = tenant.people;
  const admin = page.getByRole("link", { name: "Admin", exact: true });
  await presenter.act();
  await presenter.isHere(star);
  await presenter.act();
  await presenter.now("admin");
  await presenter.act();
  await admin.waitFor();
  await presenter.act();
  await presenter.now("member");
  await presenter.act();
  await presenter.isHere(star);
  assert.equal(await admin.count(), 0);
  await presenter.tickAndNext();

  const renamed = `${star.split(" ")[0]} Newman`;
  await presenter.act();
  await presenter.act();
  await presenter.isHere(renamed);
  await presenter.act();
  await presenter.isHere(renamed);
  await presenter.tickAndNext();

  // SAML {
  if (tenant.protocol === "saml") {
    await presenter.act();
    await presenter.act();
    // The refusal has no session: the path tells the customer.
    await page.getByText("Your identity provider signed with SHA-1").waitFor();
    await page.getByRole("link", { name: `The story · ${tenant.name}` }).waitFor();
    await presenter.act();
    await presenter.tickAndNext();
  }
  // SAML }

  await presenter.act();
  await presenter.isHere(renamed);
  await presenter.act();
  // SAML {
  if (tenant.protocol === "saml")
    await page.getByRole("button", { name: `Continue as ${loginOf(second, tenant)}` }).click();
  // SAML }
  await presenter.isHere(second);
  await presenter.tickAndNext();
}

async function agent(presenter: Presenter, tenant: DemoTenant): Promise<void> {
  const { page } = presenter;
  const [star] = tenant.people;
  const list = "What is on my list?";
  await presenter.act();
  await presenter.ask(list, "You have");
  await presenter.act();
  await presenter.tickAndNext();

  await presenter.act();
  await presenter.ask("Add “", "I added it");
  await presenter.ask("Give it to", `${tenant.people[1]} has it now`); // sample product
  await presenter.act();
  await presenter.isHere(star.split(" ")[0] ?? "");
  await presenter.act();
  await page.locator("main").getByText(agentName).first().waitFor();
  await presenter.tickAndNext();

  await presenter.act();
  await presenter.act();
  await page.getByRole("button", { name: "Forget the access token" }).click();
  await presenter.ask(list, "Your org does not let Task helper into");
  await presenter.act();
  await presenter.act();
  await presenter.ask(list, "You have");
  await presenter.tickAndNext();

  await presenter.act();
  await presenter.ask(list, "You have");
  await presenter.act();
  await presenter.act();
  await presenter.ask(list, "Task helper lost its access");
  await presenter.tickAndNext();

  await presenter.act();
  await page.getByText("You are signed in as").waitFor();
  await presenter.act();
  await presenter.ask(list, "You have");
  await presenter.act();
  await page.locator("summary", { hasText: "Block" }).click();
  await page.getByRole("button", { name: "Block now" }).click();
  await page.locator("summary", { hasText: "Unblock" }).waitFor();
  await presenter.act();
  await presenter.ask(list, "Task helper lost its access");
  await page.getByRole("link", { name: "Sign in again" }).click();
  await page.getByText("You are signed in as").waitFor();
  await presenter.ask(list, "refuses the permission of your org");
  await presenter.act();
  await page.locator("summary", { hasText: "Unblock" }).click();
  await page.getByRole("button", { name: "Unblock now" }).click();
  await page.locator("summary", { hasText: /^Block/ }).waitFor();
  await presenter.tickAndNext();
}

async function ends(presenter: Presenter, tenant: DemoTenant): Promise<void> {
  const { page } = presenter;
  const renamed = `${tenant.people[0].split(" ")[0]} Newman`;
  for (const state of ["member", "deactivated"]) {
    await presenter.act();
    await presenter.isHere(renamed);
    await presenter.act();
    await presenter.now("signed in nowhere");
    await presenter.now(state);
    await presenter.act();
    // The page that says that the organisation has ended the session.
    await page.waitForURL("**/login?ended=organisation*");
    await presenter.tickAndNext();
  }
  await presenter.act();
  await presenter.act();
  await presenter.act();
  await presenter.isHere(renamed);
  await presenter.now("signed in with 1 browser");
}
