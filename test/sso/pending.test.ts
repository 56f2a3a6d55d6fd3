import assert from "node:assert/strict";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions } from "../helpers/org.ts";
import { useSite } from "../helpers/site.ts";

const deployments = [
  { baseUrl: "http://localhost", cookie: "signing-in", secure: false },
  { baseUrl: "https://product.example", cookie: "__Host-signing-in", secure: true },
];

describe("the cookie of a pending sign-in", () => {
  describe("on SQLite", () => {
    let current: TestDatabase;
    let op: OpenIdProvider;
    before(async () => {
      current = await createTestDatabase("SQLite");
      op = await startOpenIdProvider();
    });
    after(async () => {
      await op.close();
      await current.dispose();
    });

    for (const { baseUrl, cookie, secure } of deployments) {
      describe(baseUrl, () => {
        const site = useSite(() => current, { ...orgOptions, baseUrl });

        it(`is ${cookie}: HttpOnly, for ten minutes, and cross-site only with GET navigations`, async () => {
          const { key } = await connectOrg(op, { baseUrl, tenant: site().acme });
          const { headers } = await site().app.client().get(`/oidc/${key}/login`);
          const [set = ""] = headers.getSetCookie().filter((line) => line.includes("signing-in"));
          const [pair = "", ...attributes] = set.split("; ");
          assert.equal(pair.split("=")[0], cookie);
          assert.deepEqual(
            attributes.filter((attribute) => !attribute.startsWith("Expires=")).sort(),
            ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", ...(secure ? ["Secure"] : [])].sort(),
          );
        });
      });
    }
  });
});
