import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertList, describeCrudSuite, describeSpecSuite } from "../helpers/okta-suites.ts";
import { oktaUser, type ScimClient } from "../helpers/scim.ts";
import { useScim } from "../helpers/scim-site.ts";

describe("Okta's test suites", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let client: ScimClient;
    before(async () => {
      client = (await site().tenant("refuse")).client;
      // The suite needs one existing user.
      await client.send("POST", "/Users", oktaUser("someone@acme.example"));
    });

    describeSpecSuite(() => client);
    describeCrudSuite(() => client);

    describe("entitlements", () => {
      for (const endpoint of ["/Roles", "/Entitlements"]) {
        it(`${endpoint}: a page of one has itemsPerPage 1 and the true total`, async () => {
          const answer = await client.get(`${endpoint}?count=1&startIndex=1`);
          assertList(answer);
          const { itemsPerPage, totalResults, Resources } = answer.body;
          assert.deepEqual([itemsPerPage, totalResults, Resources.length], [1, 2, 1]);
        });
      }
    });
  });
});
