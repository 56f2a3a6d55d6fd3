import { Client } from "../../../test/helpers/client.ts";
import { unescaped } from "../../../test/helpers/forms.ts";
import { createLocalAccount } from "../../../test/helpers/people.ts";
import { appRoutes, plantSession } from "../../../test/helpers/site.ts";
import type { Random } from "./random.ts";
import type { NextRequest, Template } from "./template.ts";
import type { FuzzedApp } from "./world.ts";

/**
 * Headers of a browser in which an owner is signed in. The console's own forms can end the session or block the owner, so it
 * looks from time to time, and signs another owner in.
 */
export async function ownerSession({ url, port, database, acme, canaries }: FuzzedApp) {
  let [asked, owners, cookie] = [0, 0, ""];
  return async (): Promise<Record<string, string>> => {
    if (asked++ % 50 === 0) {
      const client = new Client(`http://127.0.0.1:${port}`, url);
      const { status } = await client.send("GET", "/admin/sessions", { cookie });
      if (status !== 200) {
        const owner = await createLocalAccount(
          acme.store,
          `owner-${owners++}-${Date.now()}@acme.example`,
          "owner",
        );
        const value = await plantSession({ database }, acme.tenant, owner);
        canaries.plant("a session's cookie", value);
        canaries.plant("a session", value.slice("s%3A".length, value.indexOf(".")));
        cookie = `session=${value}`;
      }
    }
    return { cookie, origin: url, "sec-fetch-site": "same-origin", accept: "text/html" };
  };
}

/** How many requests use what the pages held before they are read again. */
const freshFor = 500;

/** Every page of a signed-in owner and of a visitor, and every form that those pages have. */
export async function consoleRequests(world: FuzzedApp): Promise<NextRequest> {
  const browser = await ownerSession(world);
  const client = new Client(`http://127.0.0.1:${world.port}`, world.url);
  const pages = appRoutes(world.database)
    .filter(({ method, path }) => method === "GET" && /^\/(admin|account|login)/.test(path))
    .map(({ path }) => path)
    .filter((path) => !/\/events$|:(?!connection|tenant|user|group)/.test(path));
  let [made, templates]: [number, Promise<Template[]>] = [0, Promise.resolve([])];
  return async (random) => {
    if (made++ % freshFor === 0)
      templates = browser().then((headers) => readPages(world, client, headers, pages));
    const { query, body, ...template } = random.pick(await templates);
    return {
      ...template,
      query: query.map(([name, value]) => [name, value]),
      headers: { ...(await browser()), ...refererOf(random) },
      body:
        body?.kind === "form"
          ? { kind: "form", fields: body.fields.map(([name, value]) => [name, value]) }
          : null,
    };
  };
}

const refererOf = (random: Random): Record<string, string> => (random.happens(0.1) ? { referer: "x" } : {});

async function readPages(
  world: FuzzedApp,
  client: Client,
  headers: Record<string, string>,
  pages: string[],
): Promise<Template[]> {
  const values = await idsOf(world);
  const templates: Template[] = [];
  for (const pattern of pages) {
    const path = pattern.replace(/:(\w+)/g, (_, name: string) => values[name] ?? "x");
    const { text } = await client.send("GET", path, headers);
    templates.push({
      method: "GET",
      path,
      query: [
        ["q", "a"],
        ["after", "x"],
        ["kind", "people"],
      ],
      headers: {},
      body: null,
    });
    templates.push(...formsIn(text));
  }
  return templates;
}

async function idsOf({ acme: { store, tenant }, oidc, owner }: FuzzedApp): Promise<Record<string, string>> {
  const [group] = await store.groups.page(0, 1);
  return { connection: oidc.id, tenant: tenant.slug, user: owner.id, group: group?.id ?? "x" };
}

/** The forms of a page with the values of their fields. */
function formsIn(page: string): Template[] {
  return [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = "", inside = ""]) => {
    const [path = "/", search = ""] = unescaped(attributeOf(head, "action")).split("?");
    const isPost = /method="post"/i.test(head);
    const fields = [...inside.matchAll(/<(?:input|select|textarea|button)\b([^>]*)>/g)]
      .map(([, own = ""]): [string, string] => [
        attributeOf(own, "name"),
        unescaped(attributeOf(own, "value")) || "x",
      ])
      .filter(([name]) => name !== "");
    const query = isPost ? [...new URLSearchParams(search)] : fields;
    return {
      method: isPost ? "POST" : "GET",
      path,
      query: query as [string, string][],
      headers: {},
      body: isPost ? { kind: "form", fields } : null,
    };
  });
}

function attributeOf(text: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "";
}
