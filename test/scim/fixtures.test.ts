import { onEachDatabase } from "../helpers/databases.ts";
import { clients, exchangesOf, replay } from "../helpers/exchanges.ts";
import type { ScimClient } from "../helpers/scim.ts";
import { useScim } from "../helpers/scim-site.ts";

describe("recorded traffic", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    for (const name of clients) {
      describe(name, () => {
        let client: ScimClient;
        const variables: Record<string, string> = {};
        before(async () => {
          // Okta's people have names and an address; a new tenant requires them.
          client = (await site().tenant(name === "okta" ? "refuse" : "accept")).client;
          variables.base = `${site().app.url}/scim/v2`;
        });
        for (const exchange of exchangesOf(name)) {
          it(exchange.name, () => replay(client, exchange, variables));
        }
      });
    }
  });
});
