import type { Page } from "playwright-core";
import { agentName } from "../../../src/demo/agent.ts";
import { seeSignedIn, signOut } from "../../../test/helpers/browser.ts";

/** A reader who follows the page of all steps by hand, and knows nothing else. */
export class StoryReader {
  readonly #page: Page;
  readonly #story: string;

  constructor(page: Page, story: string) {
    this.#page = page;
    this.#story = story;
  }

  /** Follows a link of a step by its label; `nth` chooses among links with the same label. */
  async follow(step: string, label: string, nth = 0): Promise<void> {
    await this.#page.goto(this.#story);
    await this.#page.locator(`#${step}`).getByRole("link", { name: label, exact: true }).nth(nth).click();
  }

  /** The values that a step asks the reader to enter. */
  async values(step: string): Promise<string[]> {
    await this.#page.goto(this.#story);
    return await this.#page.locator(`#${step} .value`).allTextContents();
  }

  async value(step: string): Promise<string> {
    return (await this.values(step))[0] ?? "";
  }

  async now(step: string): Promise<string> {
    await this.#page.goto(this.#story);
    return (await this.#page.locator(`#${step} .now`).textContent()) ?? "";
  }

  async signInAtOrg(step: string): Promise<void> {
    await this.follow(step, "Org sign-in");
    await this.#page.getByRole("button", { name: "Sign In", exact: true }).click();
    await this.#page.getByRole("heading", { name: "My Apps" }).waitFor();
  }

  async openTile(step: string): Promise<void> {
    await this.follow(step, "Dashboard");
    await this.#page.locator(".tile").filter({ hasNotText: agentName }).click();
  }

  /** Signs in at the org, and opens the tile. */
  async arrive(step: string, name: string): Promise<void> {
    await this.signInAtOrg(step);
    await this.openTile(step);
    await this.isHere(name);
  }

  async isHere(name: string): Promise<void> {
    await seeSignedIn(this.#page, name);
  }

  async signOutHere(): Promise<void> {
    await this.#page.goto(this.#story);
    await signOut(this.#page);
    await this.#page.getByRole("heading", { name: "You are signed out" }).waitFor();
  }
}
