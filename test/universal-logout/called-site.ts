import assert from "node:assert/strict";
import { provisionUser } from "../../src/directory/provisioning.ts";
import type { Connection, User } from "../../src/model.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import { provisioned, type TestTenant } from "../helpers/people.ts";
import {
  type RevokingOrg,
  revocationToken,
  startRevokingOrg,
  type TokenParts,
} from "../helpers/revocation.ts";
import { type Site, useSite } from "../helpers/site.ts";

const path = "/global-token-revocation";

/** The other name of the org. */
export const alias = "https://login.acme.example";

/** The site with an org that calls Universal Logout. */
export interface CalledSite extends Site {
  org: RevokingOrg;
  /** Acme's OIDC connection to the org, whose application there is `app`. */
  oidc: Connection;
  /** A person whom provisioning created. */
  provision(tenant?: TestTenant): Promise<User>;
  /** Calls the endpoint as the org does for its application `sub`, and returns the status. */
  call(sub_id: object, sub?: string, parts?: TokenParts): Promise<number>;
  /** Whether a call ended the user's session. The call has to say the same. */
  ends(user: User, sub_id: object, sub?: string, parts?: TokenParts): Promise<boolean>;
}

let people = 0;

/** Defines the hooks. The returned function returns the site in a test. */
export function useCalledSite(use: () => TestDatabase): () => CalledSite {
  const site = useSite(use, { insecureAllowPrivateNetwork: true });
  let org: RevokingOrg;
  let oidc: Connection;
  before(async () => {
    org = await startRevokingOrg();
    const settings = { issuer: org.issuer, issuerAlias: alias, clientId: "app" };
    oidc = await site().acme.connection({ settings });
  });
  after(() => org.close());

  const call: CalledSite["call"] = async (sub_id, sub = "app", parts = {}) => {
    const token = await revocationToken(org, sub, site().app.url + path, parts);
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    return (await site().app.client().send("POST", path, headers, JSON.stringify({ sub_id }))).status;
  };
  return () => ({
    ...site(),
    org,
    oidc,
    call,
    provision: async ({ store, writer } = site().acme) =>
      await provisionUser(
        store,
        writer,
        provisioned(`user-${people++}@acme.example`, { sourceKey: `00u${people}` }),
      ),
    async ends(user, sub_id, sub, parts) {
      const now = (await site().acme.store.users.byId(user.id)) ?? user;
      const client = await site().clientOf(now);
      assert.equal((await client.get("/me")).status, 200);
      const status = await call(sub_id, sub, parts);
      const isOver = (await client.get("/me")).status !== 200;
      assert.equal(isOver, status === 204, `answered ${status}`);
      return isOver;
    },
  });
}

/** Spellings of an issuer. */
export const spellings: [what: string, spell: (iss: string) => string, isAccepted: boolean][] = [
  ["as it is registered", (iss) => iss, true],
  ["with a trailing slash", (iss) => `${iss}/`, true],
  ["with two trailing slashes", (iss) => `${iss}//`, false],
  ["with a path", (iss) => `${iss}/oauth2`, false],
  ["with a query", (iss) => `${iss}?`, false],
  ["in upper case", (iss) => iss.toUpperCase(), false],
];
