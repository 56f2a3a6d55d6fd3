import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { type ListedPage, listedPages, type Viewer } from "./list.ts";

/** A running demo, and the password of its owners. */
export interface RunningDemo {
  origin: string;
  org: string;
  password: string;
}

interface FoundPage {
  name: string;
  url: string;
  as: Viewer;
}

export interface OpenDemo {
  pages: FoundPage[];
  /** The names of the pages that this build does not have. */
  missing: string[];
  /** Opens a fresh profile with the session of a viewer. */
  as(viewer: Viewer, options?: BrowserContextOptions): Promise<BrowserContext>;
}

const draftKey = "pages-draft";

type Sessions = Record<Viewer, Awaited<ReturnType<BrowserContext["storageState"]>> | undefined>;

/** Signs in once as each viewer, and finds the pages. It uses nothing but pages, so that it runs against any build. */
export async function openDemo(browser: Browser, demo: RunningDemo): Promise<OpenDemo> {
  const sessions: Sessions = {
    anyone: undefined,
    owner: await sessionOf(browser, (page) => signInAsOwner(page, demo)),
    colleague: await sessionOf(browser, (page) => signInThroughOrg(page, demo)),
  };
  const as: OpenDemo["as"] = (viewer, options = {}) => {
    const storageState = sessions[viewer];
    return browser.newContext({ ...options, ...(storageState ? { storageState } : {}) });
  };
  const found = new Map<string, FoundPage | null>();
  const draft = await draftIn(await as("owner"), demo);
  found.set("connection-draft", draft ? { name: "connection-draft", url: draft, as: "owner" } : null);
  for (const listed of listedPages) found.set(listed.name, null);
  const find = async (name: string): Promise<FoundPage | null> => {
    const listed = listedPages.find((one) => one.name === name);
    if (listed && !found.get(name)) found.set(name, await locate(listed, { demo, as, find }));
    return found.get(name) ?? null;
  };
  for (const { name } of listedPages) await find(name);
  const pages = [...found.values()].filter((page) => page !== null);
  return { pages, missing: [...found.keys()].filter((name) => found.get(name) === null), as };
}

interface Search {
  demo: RunningDemo;
  as: OpenDemo["as"];
  find(name: string): Promise<FoundPage | null>;
}

async function locate({ name, as: viewer, at, path }: ListedPage, search: Search): Promise<FoundPage | null> {
  const origin = at === "org" ? search.demo.org : search.demo.origin;
  let url = origin + path;
  const context = await search.as(viewer);
  const page = await context.newPage();
  try {
    if (typeof path !== "string") {
      const from = await search.find(path.on);
      if (!from) return null;
      await page.goto(from.url, { waitUntil: "domcontentloaded" });
      const links = await page.evaluate<string[]>("[...document.links].map(({ href }) => href)");
      const fitting = links
        .filter((href) => href.startsWith(`${origin}/`))
        .map((href) => new URL(href))
        .find(({ pathname, search: query }) => path.link.test(pathname + query));
      if (!fitting) return null;
      fitting.hash = "";
      url = fitting.href;
    }
    const response = await page.goto(url, { waitUntil: "domcontentloaded" });
    const isError = [404, 500].includes(response?.status() ?? 500);
    return isError && name !== "not-found" ? null : { name, url, as: viewer };
  } finally {
    await context.close();
  }
}

/** The set-up of a connection, which no link of a fresh demo leads to. A second run finds the draft of the first. */
async function draftIn(context: BrowserContext, { origin }: RunningDemo): Promise<string | null> {
  const page = await context.newPage();
  try {
    await page.goto(`${origin}/admin/connections`);
    const existing = page.getByRole("link", { name: draftKey, exact: true });
    if ((await existing.count()) > 0) await existing.first().click();
    else {
      await page.goto(`${origin}/admin/connections/new`);
      // An older build asks nothing but the name.
      for (const question of ["accounts", "app"]) {
        const answers = page.locator(`[name="${question}"]`);
        if ((await answers.count()) > 0) await answers.first().check();
      }
      await page.fill('[name="key"]', draftKey);
      await page.press('[name="key"]', "Enter");
    }
    await page.waitForURL(/\/admin\/connections\/[\w-]{10,}/, { timeout: 10_000 });
    return page.url().replace(/#.*$/, "");
  } catch {
    return null;
  } finally {
    await context.close();
  }
}

async function sessionOf(browser: Browser, signIn: (page: Page) => Promise<void>) {
  const context = await browser.newContext();
  try {
    await signIn(await context.newPage());
    return await context.storageState();
  } finally {
    await context.close();
  }
}

async function signInAsOwner(page: Page, { origin, password }: RunningDemo): Promise<void> {
  await page.goto(`${origin}/login/password/acme`);
  await page.fill('[name="loginName"]', "ada@acme.example");
  await page.fill('[name="password"]', password);
  await page.press('[name="password"]', "Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
}

/** Signs in at the org and through it in the application, so that the inspector has something to show. */
async function signInThroughOrg(page: Page, { origin, org }: RunningDemo): Promise<void> {
  await page.goto(`${origin}/oidc/acme/login?login_hint=grace%40acme.example`);
  await page.locator("main form button, form button").first().click();
  await page.waitForURL((url) => url.origin === origin);
  await page.goto(`${org}/app/UserHome`);
}
