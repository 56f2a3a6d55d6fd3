import type { User } from "../../src/model.ts";
import type { PageCase } from "../helpers/every-page.ts";
import type { TestTenant } from "../helpers/people.ts";

/** The guides' part of every page: see test/helpers/every-page.ts. */
export async function guidePages(acme: TestTenant, owner: User): Promise<PageCase[]> {
  const connection = await acme.connection({ key: `${acme.tenant.slug}-guided` });
  const own = `/admin/connections/${connection.id}/guide`;
  return [
    { name: "the OIDC guide", status: 200, path: "/guides/okta/oidc", as: null },
    { name: "the SAML guide", status: 200, path: "/guides/okta/saml", as: null }, // SAML
    { name: "the SCIM guide, signed in", status: 200, path: "/guides/okta/scim", as: owner },
    { name: "the guide for AI agents", status: 200, path: "/guides/okta/xaa", as: null },
    { name: "the customer's guides", status: 200, path: "/admin/guides", as: owner },
    { name: "the guide of a connection", status: 200, path: own, as: owner },
    { name: "the guide for agents of a connection", status: 200, path: `${own}/xaa`, as: owner },
    { name: "the guide to provisioning", status: 200, path: "/admin/guides/provisioning", as: owner },
  ];
}
