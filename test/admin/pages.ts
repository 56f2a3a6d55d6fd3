import { createConnection } from "../../src/directory/connections.ts";
import type { ConnectionType, User } from "../../src/model.ts";
import { hashToken } from "../../src/store/secrets.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import type { TestTenant } from "../helpers/people.ts";

/** The admin console's share of every page: see test/helpers/every-page.ts. */
export async function adminPages(
  use: () => TestDatabase,
  { tenant, store }: TestTenant,
  owner: User,
): Promise<PageCase[]> {
  const draft = async (type: ConnectionType) => {
    const wanted = { key: tenant.slug, type, settings: null, secret: null, justInTime: false, draft: true };
    return await createConnection(use().database, tenant.id, wanted);
  };
  const [oidc, saml] = [await draft("oidc"), await draft("saml")];
  const purpose = { kind: "set-up-connection", connectionId: oidc.id } as const;
  await store.links.create(hashToken("guest"), purpose, Date.now() + 86_400_000);
  const page = (name: string, path: string, more: Partial<PageCase> = {}): PageCase => ({
    ...{ name, path, status: 200, as: owner },
    ...more,
  });
  return [
    page("the console's overview", "/admin"),
    page("connections", "/admin/connections"),
    page("a new connection", "/admin/connections/new"),
    page("a new connection with a bad key", "/admin/connections", { status: 400, form: { key: "!" } }),
    page("an OIDC set-up", `/admin/connections/${oidc.id}`),
    page("an OIDC set-up sent empty", `/admin/connections/${oidc.id}/settings`, { status: 400, form: {} }),
    page("a SAML set-up", `/admin/connections/${saml.id}`),
    page("a SAML set-up sent empty", `/admin/connections/${saml.id}/settings`, { status: 400, form: {} }),
    page("a set-up link", `/admin/connections/${saml.id}/links`, { form: {} }),
    page("a guest's set-up", "/setup/guest", { as: null }),
    page("domains", "/admin/domains"),
    page("provisioning", "/admin/provisioning"),
    page("people", "/admin/people"),
    page("groups", "/admin/groups"),
    page("activity", "/admin/activity"),
  ];
}
