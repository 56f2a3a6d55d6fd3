import { shownValue } from "../../src/admin/shown.ts";
import { createConnection, freezeGuests, recordEdit } from "../../src/directory/connections.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { ConnectionType } from "../../src/model.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { signingCertificate } from "../helpers/idp-metadata.ts";
import { samlSettings } from "../helpers/people.ts";
import type { Site } from "../helpers/site.ts";
import { agentPages } from "./agent-pages.ts";
import { directoryPages } from "./directory-pages.ts";

/** The admin console's pages, for test/helpers/every-page.ts. */
export async function adminPages(use: () => TestDatabase, site: Site): Promise<PageCase[]> {
  const { acme, owner } = site;
  const { tenant, store } = acme;
  const draft = async (type: ConnectionType) => {
    const wanted = { key: tenant.slug, type, settings: null, secret: null, justInTime: false, draft: true };
    return await createConnection(use().database, tenant.id, wanted);
  };
  const [oidc, saml] = [await draft("oidc"), await draft("saml")];
  const purpose = { kind: "set-up-connection", connectionId: oidc.id } as const;
  await store.links.create(hashToken("guest"), purpose, Date.now() + 86_400_000);
  const tested = await testedConnection(site);
  const active = await activeSaml(site);
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
    page("the console's overview", "/admin"),
    page("connections", "/admin/connections"),
    page("a new connection", "/admin/connections/new"),
    page("a new connection with a bad key", "/admin/connections", { status: 400, form: { key: "!" } }),
    page("an OIDC set-up", `/admin/connections/${oidc.id}`),
    page("an OIDC set-up sent empty", `/admin/connections/${oidc.id}/settings`, { status: 400, form: {} }),
    page("an OIDC set-up after a test", `/admin/connections/${tested}`),
    page("a SAML set-up", `/admin/connections/${saml.id}`),
    page("a SAML set-up sent empty", `/admin/connections/${saml.id}/settings`, { status: 400, form: {} }),
    page("a SAML connection that is on", `/admin/connections/${active}`),
    page("a connection's review", `/admin/connections/${tested}/review`),
    page("a review after a guest's change", `/admin/connections/${reviewed.id}/review`),
    page("a connection whose guest has to wait", `/admin/connections/${reviewed.id}`),
    page("a guest's set-up during a review", "/setup/waiting-guest", { as: null }),
    page("an action on a page that is out of date", `/admin/connections/${active}/disable`, changed),
    page("an action without the facts of its page", `/admin/connections/${active}/disable`, {
      status: 303,
      form: {},
    }),
    page("a set-up form that is out of date", `/admin/connections/${reviewed.id}/settings`, {
      status: 409,
      form: { ...reviewed.settings, shown },
    }),
    page("a set-up link", `/admin/connections/${saml.id}/links`, { form: {} }),
    page("a guest's set-up", "/setup/guest", { as: null }),
    page("domains", "/admin/domains"),
    page("the limits of sessions", "/admin/sessions"),
  ];
}

/** Creates a connection to an unreachable provider, whose test has failed. Returns its id. */
async function testedConnection(site: Site): Promise<string> {
  const settings = { issuer: "https://provider.invalid", clientId: "0oa1" };
  const { id, key } = await site.acme.connection({ settings, draft: true });
  const client = await site.clientOf(site.owner);
  const test = randomToken();
  await client.post(`/admin/connections/${id}/tests`, { test });
  await client.get(`/oidc/${key}/login?test=${test}`);
  return id;
}

/** Creates a SAML draft that a guest has changed and an owner is reviewing. */
async function reviewedDraft({ acme }: Site) {
  const { id } = await acme.connection({
    type: "saml",
    settings: { ...samlSettings, certificates: [signingCertificate] },
    draft: true,
  });
  const purpose = { kind: "set-up-connection", connectionId: id } as const;
  await acme.store.links.create(hashToken("waiting-guest"), purpose, Date.now() + 86_400_000);
  await recordEdit(acme.store, id, { by: "the guest of a set-up link", from: "192.0.2.7", isGuest: true });
  await freezeGuests(acme.store, id);
  const certificates = `-----BEGIN CERTIFICATE-----\n${signingCertificate}\n-----END CERTIFICATE-----`;
  return {
    id,
    settings: { ssoUrl: samlSettings.ssoUrl, idpEntityId: samlSettings.idpEntityId, certificates },
  };
}

/** Creates a connection that is enforced for one of three domains. Returns its id. */
async function activeSaml({ acme }: Site): Promise<string> {
  const { id } = await acme.connection({
    type: "saml",
    settings: { ...samlSettings, certificates: [signingCertificate] },
  });
  await acme.store.connections.update(id, { testedAt: Date.now() });
  for (const domain of ["unproved.example", "proved.example", "enforced.example"])
    await addDomain(acme.store, domain);
  for (const domain of ["proved.example", "enforced.example"]) await acme.store.domains.markVerified(domain);
  await acme.store.domains.enforce("enforced.example", id);
  return id;
}
