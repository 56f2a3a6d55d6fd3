import { createHmac, hkdfSync } from "node:crypto";
import type { Tenant, User } from "../../src/model.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { plantSession, type Site, sessionSecret, sidOf } from "../helpers/site.ts";

/** Plants sessions as a browser's parked ones, and returns their cookie. */
async function parkedCookie(use: () => TestDatabase, sessions: readonly [Tenant, User][]): Promise<string> {
  const ids: string[] = [];
  for (const [tenant, user] of sessions) ids.push(sidOf(await plantSession(use(), tenant, user)));
  const key = Buffer.from(hkdfSync("sha256", sessionSecret, "", "parked-sessions", 32));
  return `${ids.join("~")}.${createHmac("sha256", key).update(ids.join("~")).digest("base64url")}`;
}

/** Pages of browsers that are signed in to several organisations. */
export async function organisationPages(
  use: () => TestDatabase,
  { acme, app, clients }: Site,
): Promise<PageCase[]> {
  const others: [Tenant, User][] = [];
  for (const name of ["beta", "a long name of a person"]) {
    const { tenant, store } = await createTestTenant(use().database);
    others.push([tenant, await createLocalAccount(store, `${name.replaceAll(" ", ".")}@other.example`)]);
  }
  const user = await createLocalAccount(acme.store, "consultant@acme.example", "admin");
  const leaving = await createLocalAccount(acme.store, "leaving@acme.example");
  clients.set(user.id, async () => {
    const client = app.client();
    client.cookies.set("session", await plantSession(use(), acme.tenant, user));
    client.cookies.set("parked-sessions", await parkedCookie(use, others));
    return client;
  });
  clients.set(leaving.id, async () => {
    const client = app.client();
    client.cookies.set("parked-sessions", await parkedCookie(use, others));
    return client;
  });
  const unnamed = { path: "/account/sessions/end-others", form: {} };
  return [
    { name: "the account, in several organisations", status: 200, as: user, path: "/account" },
    { name: "a second sign-in", status: 200, as: user, path: "/login?another=1" },
    { name: "a form of another organisation", status: 409, as: user, ...unnamed },
    { name: "signed out of one of several organisations", status: 200, as: leaving, path: "/signed-out" },
    { name: "sign-in while another organisation is open", status: 200, as: leaving, path: "/login" },
  ];
}
