import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { User } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { adminPages } from "../admin/pages.ts";
import { guidePages } from "../guide/pages.ts";
import { inspectorPages } from "../inspector/pages.ts";
import { productPages } from "../product.ts";
import { authorizationPages } from "../scim-authorization/pages.ts";
import { organisationPages } from "../web/organisation-pages.ts";
import { secondStepPages } from "../web/second-step-pages.ts";
import { stepUpPages } from "../web/step-up-pages.ts";
import type { Answer, Client } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import { createTestTenant } from "./people.ts";
import type { Site } from "./site.ts";

/** A page, and how to reach it. */
export interface PageCase {
  name: string;
  status: number;
  /** null if signed out. */
  as: User | null;
  path: string;
  /** The page is the response to this form, or the one to which it leads (303). */
  form?: Record<string, string>;
}

/** Loads a page as its case says. */
export async function loadPage(client: Client, { path, form }: PageCase): Promise<Answer> {
  const answer = await (form ? client.post(path, form) : client.get(path));
  return form && answer.status === 303 ? await client.get(answer.location ?? "") : answer;
}

/**
 * Every page of the application, with and without data, and the error pages. Fills the site's tenant once. The pages can
 * be visited in any order, because none changes what another shows.
 */
export async function everyPage(use: () => TestDatabase, site: Site): Promise<PageCase[]> {
  const { acme, owner } = site;
  const { store } = acme;
  const { slug } = acme.tenant;
  for (const other of [await createTestTenant(use().database), await createTestTenant(use().database)]) {
    await addDomain(other.store, "shared.example");
    await other.store.domains.markVerified("shared.example");
  }
  const ownDomain = "named.example";
  await addDomain(store, ownDomain);
  await store.domains.markVerified(ownDomain);
  const setup = `/setup/${await inviteOwner(store, "invited@acme.example")}`;
  const bad = { loginName: "unknown", password: "wrong" };

  const signedOut: Omit<PageCase, "as">[] = [
    { name: "the front page", status: 200, path: "/" },
    { name: "sign-in", status: 200, path: "/login?returnTo=/account" },
    { name: "sign-in after a session's end", status: 200, path: "/login?ended=1" },
    {
      name: "sign-in after the organisation ended the session",
      status: 200,
      path: "/login?ended=organisation",
    },
    { name: "sign-in after a change of the account", status: 200, path: "/login?ended=changed" },
    {
      name: "sign-in with an unknown domain",
      status: 404,
      path: "/login",
      form: { email: "a@unknown.example" },
    },
    { name: "sign-in without an address", status: 400, path: "/login", form: { email: "" } },
    {
      name: "the choice of an organisation",
      status: 200,
      path: "/login",
      form: { email: "a@shared.example" },
    },
    { name: "the question for the organisation", status: 200, path: "/login/password" },
    { name: "an organisation that is none", status: 400, path: "/login/password", form: { tenant: "!" } },
    { name: "the password form", status: 200, path: `/login/password/${slug}` },
    {
      name: "the password form of a named organisation",
      status: 200,
      path: `/login/password/${slug}?login_hint=a@${ownDomain}`,
    },
    { name: "a refused password", status: 403, path: `/login/password/${slug}`, form: bad },
    { name: "a forgotten password", status: 200, path: `/login/password/${slug}/forgotten` },
    { name: "a set-up link", status: 200, path: setup },
    { name: "a set-up link after a weak password", status: 400, path: setup, form: { password: "weak" } },
    { name: "a set-up link that is not valid", status: 403, path: "/setup/unknown" },
    { name: "signed out", status: 200, path: "/signed-out" },
    { name: "no such page", status: 404, path: "/no-such-page" },
    { name: "too large a form", status: 413, path: "/login", form: { email: "x".repeat(40_000) } },
  ];
  const signedIn: Omit<PageCase, "as">[] = [
    { name: "where people land", status: 200, path: landingPath },
    { name: "the account", status: 200, path: "/account" },
    { name: "no such page, signed in", status: 404, path: "/no-such-page" },
  ];
  return [
    ...signedOut.map((page) => ({ ...page, as: null })),
    ...signedIn.map((page) => ({ ...page, as: owner })),
    ...(await stepUpPages(use, site)),
    ...(await organisationPages(use, site)),
    ...(await secondStepPages(site)),
    ...(await adminPages(use, site)),
    ...(await inspectorPages(acme, owner)),
    ...(await guidePages(acme, owner)),
    ...(await authorizationPages(use, site)),
    ...(await productPages(acme, owner)),
  ];
}
