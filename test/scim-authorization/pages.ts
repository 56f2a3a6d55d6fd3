import { createProvisioningClient } from "../../src/directory/provisioning-clients.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { oktaRedirectUri } from "../helpers/okta-connect.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { newGrant } from "../helpers/provisioning-grants.ts";
import type { Site } from "../helpers/site.ts";

/** The pages of OAuth 2.0 for SCIM. The provisioning page then lists a grant and a former one. */
export async function authorizationPages(
  use: () => TestDatabase,
  { acme, owner }: Site,
): Promise<PageCase[]> {
  const { clientId } = await createProvisioningClient(use().database);
  const { store, writer } = acme;
  const granted = { clientId, userId: owner.id, sourceId: writer.source.id };
  await store.provisioningGrants.create(newGrant("living", granted));
  await store.provisioningGrants.create(newGrant("ended", granted));
  await store.provisioningGrants.end("ended", "token-reused");
  const admin = await createLocalAccount(store, "not-an-owner@acme.example", "admin");
  const addressOf = (redirect: string) => {
    const asked = { response_type: "code", client_id: clientId, redirect_uri: redirect, state: "s" };
    return `/oauth2/authorize?${new URLSearchParams(asked)}`;
  };
  const path = addressOf(oktaRedirectUri);
  const form = { shown: `${acme.tenant.id}/${owner.id}`, source: "", decision: "allow" };
  return [
    { name: "the consent to provisioning", status: 200, as: owner, path },
    { name: "the consent without a source", status: 303, as: owner, path, form },
    { name: "the consent, cancelled", status: 200, as: owner, path, form: { decision: "cancel" } },
    { name: "the consent of a person who is not an owner", status: 403, as: admin, path },
    {
      name: "a request that is not from Okta",
      status: 400,
      as: null,
      path: addressOf("https://evil.example"),
    },
  ];
}
