import assert from "node:assert/strict";
import { shownValue } from "../../src/admin/shown.ts";
import { createConnection, freezeGuests, recordEdit } from "../../src/directory/connections.ts";
import { finishSignInTest, startSignInTest } from "../../src/directory/sign-in-tests.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { ConnectionType, OidcSettings } from "../../src/model.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { identityOf } from "../helpers/people.ts";
import { richestProtocol } from "../helpers/protocols.ts";
import type { Site } from "../helpers/site.ts";
import { agentPages } from "./agent-pages.ts";
import { directoryPages } from "./directory-pages.ts";
import { sentSignalPages } from "./signal-pages.ts";
import { streamPages } from "./stream-pages.ts";
import { webhookPages } from "./webhook-pages.ts";

/** The admin console's pages, for test/helpers/every-page.ts. */
export async function adminPages(use: () => TestDatabase, site: Site): Promise<PageCase[]> {
  const { acme, owner } = site;
  const { tenant, store } = acme;
  const draft = async (type: ConnectionType) => {
    const choices = { isProvisioned: true, isCatalogApp: type === "oidc" };
    const values = { settings: null, secret: null, justInTime: false, draft: true };
    const wanted = { key: tenant.slug, type, ...values, choices };
    return await createConnection(use().database, tenant.id, wanted);
  };
  const oidc = await draft("oidc");
  const saml = await draft("saml"); // SAML
  const purpose = { kind: "set-up-connection", connectionId: oidc.id } as const;
  await store.links.create(hashToken("guest"), purpose, Date.now() + 86_400_000);
  const tested = await refusedTest(site);
  const waiting = await testWithoutAccount(site);
  const invited = await oidcDraft(site, { issuer: "https://acme.okta.example", clientId: "0oa1" });
  const active = await activeConnection(site);
  const reviewed = await reviewedDraft(site);
  const shown = shownValue([
    ["Issuer", "http://www.okta.com/exk-of-another-name"],
    ["No longer there", "a long\nvalue of several lines"],
  ]);
  const changed = { status: 303, form: { shown } };
  const page = (name: string, path: string, more: Partial<PageCase> = {}): PageCase => ({
    name,
    path,
    status: 200,
    as: owner,
    ...more,
  });
  return [
    ...(await directoryPages(use, site)),
    ...(await agentPages(use, site)),
    ...(await streamPages(site)),
    ...(await sentSignalPages(use, site)),
    ...(await webhookPages(use, site)),
    page("the console's overview", "/admin"),
    page("connections", "/admin/connections"),
    page("a new connection", "/admin/connections/new"),
    page("a new connection with a bad key", "/admin/connections", { status: 303, form: { key: "!" } }),
    ...[1, 2, 4, 5].map((step) =>
      page(`step ${step} of an OIDC set-up`, `/admin/connections/${oidc.id}?step=${step}`),
    ),
    page("an OIDC set-up sent empty", `/admin/connections/${oidc.id}/settings`, { status: 303, form: {} }),
    page("an OIDC set-up after a refused test", `/admin/connections/${tested}?step=4`),
    page(
      "an OIDC set-up after a test of a person without an account",
      `/admin/connections/${waiting}?step=4`,
    ),
    page("the end of an OIDC set-up", `/admin/connections/${tested}?step=5`),
    page("step 2 of a SAML set-up", `/admin/connections/${saml.id}?step=2`), // SAML
    page("a SAML set-up sent empty", `/admin/connections/${saml.id}/settings`, { status: 303, form: {} }), // SAML
    page("a connection that is on", `/admin/connections/${active}`),
    ...["settings", "test", "instructions"].map((tab) =>
      page(`the tab ${tab} of a connection`, `/admin/connections/${active}?tab=${tab}`),
    ),
    page("a connection's review", `/admin/connections/${tested}/review`),
    page("a review after a guest's change", `/admin/connections/${reviewed}/review`),
    page("a connection whose guest has to wait", `/admin/connections/${reviewed}`),
    page("a guest's set-up during a review", "/setup/waiting-guest", { as: null }),
    page("an action on a page that is out of date", `/admin/connections/${active}/disable`, changed),
    page("an action without the facts of its page", `/admin/connections/${active}/disable`, {
      status: 303,
      form: {},
    }),
    page("a set-up form that is out of date", `/admin/connections/${reviewed}/settings`, {
      status: 303,
      form: { ...richestProtocol.form, shown },
    }),
    page("a set-up link", `/admin/connections/${invited.id}/links`, { status: 303, form: {} }),
    page("a guest's set-up", "/setup/guest", { as: null }),
    page("the end of a guest's set-up", "/setup/guest?step=5", { as: null }),
    page("domains", "/admin/domains"),
    page("the limits of sessions", "/admin/sessions"),
  ];
}

/** Creates a draft with its secret. */
function oidcDraft({ acme, sealer }: Site, settings: OidcSettings) {
  return acme.connection({
    settings,
    secret: { text: "a secret of the client", sealer },
    draft: true,
    justInTime: false,
  });
}

/** Creates a draft for an unreachable provider, whose test has failed. Returns its id. */
async function refusedTest(site: Site): Promise<string> {
  const { id, key } = await oidcDraft(site, { issuer: "https://provider.invalid", clientId: "0oa1" });
  const client = await site.clientOf(site.owner);
  const test = randomToken();
  await client.post(`/admin/connections/${id}/tests`, { test });
  const refused = await client.get(`/oidc/${key}/login?test=${test}`);
  assert.match(refused.text, /The test has ended/);
  return id;
}

/** Creates a draft whose provider was understood, with a person who has no account yet. Returns its id. */
async function testWithoutAccount(site: Site): Promise<string> {
  const { acme, owner, sealer } = site;
  const connection = await oidcDraft(site, { issuer: "https://acme.okta.example", clientId: "0oa1" });
  const identity = identityOf(connection, "grace@acme.example");
  await finishSignInTest(
    { store: acme.store, sealer, connection },
    await startSignInTest(acme.store, connection.id, owner.id),
    {
      values: { sub: identity.subject, preferred_username: identity.loginName },
      mapped: [
        { label: "Login name", name: "preferred_username", value: identity.loginName, required: true },
      ],
      identity,
      problem: null,
    },
  );
  return connection.id;
}

/** Creates a draft that a guest has changed and an owner is reviewing. Returns its id. */
async function reviewedDraft({ acme }: Site): Promise<string> {
  const { type, settings } = richestProtocol;
  const { id } = await acme.connection({ type, settings, draft: true });
  const purpose = { kind: "set-up-connection", connectionId: id } as const;
  await acme.store.links.create(hashToken("waiting-guest"), purpose, Date.now() + 86_400_000);
  await recordEdit(acme.store, id, { by: "the guest of a set-up link", from: "192.0.2.7", isGuest: true });
  await freezeGuests(acme.store, id);
  return id;
}

/** Creates a connection that is enforced for one of three domains. Returns its id. */
async function activeConnection({ acme }: Site): Promise<string> {
  const { type, settings } = richestProtocol;
  const { id } = await acme.connection({ type, settings });
  await acme.store.connections.update(id, { testedAt: Date.now(), admittedAt: Date.now() });
  for (const domain of ["unproved.example", "proved.example", "enforced.example"])
    await addDomain(acme.store, domain);
  for (const domain of ["proved.example", "enforced.example"]) await acme.store.domains.markVerified(domain);
  await acme.store.domains.enforce("enforced.example", id);
  return id;
}
