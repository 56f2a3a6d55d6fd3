import assert from "node:assert/strict";
import { integration } from "../../config/integration.ts";
import { connectionForms, offeredProtocols } from "../../src/admin/connection-forms.ts";
import type { ConnectionType } from "../../src/model.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

describe("the protocols of a new connection", () => {
  const manifest = { ...integration };
  const none = Object.fromEntries(connectionTypes.map((type) => [type, null]));
  afterEach(() => Object.assign(integration, manifest));

  it("are those of the manifest, or all if it has none", () => {
    assert.deepEqual(offeredProtocols(integration), connectionTypes);
    for (const type of connectionTypes)
      assert.deepEqual(offeredProtocols({ ...integration, ...none, [type]: manifest[type] }), [type]);
    assert.deepEqual(offeredProtocols({ ...integration, ...none }), connectionTypes);
  });

  onOneDatabase((use) => {
    const site = useSite(use);
    let owner: Client;
    beforeEach(async () => {
      owner = await site().clientOf(site().owner);
    });

    const page = async () => (await owner.get("/admin/connections/new")).text;
    const created = async (type: string, key: string) => {
      await owner.post("/admin/connections", { type, key, accounts: "scim", app: "own" });
      return (await site().acme.store.connections.list()).find((one) => one.key === key)?.type;
    };

    // SAML {
    it("are chosen by the name that they have in Okta", async () => {
      const text = await page();
      for (const type of connectionTypes) {
        assert.ok(text.includes(`<strong>${connectionForms[type].choice.name}</strong>`), type);
        assert.equal(await created(type, `chosen-${type}`), type);
      }
    });
    // SAML }

    for (const type of connectionTypes)
      it(`are not asked for where the manifest has only ${type}, and no other is created`, async () => {
        Object.assign(integration, none, { [type]: manifest[type] });
        const text = await page();
        const others: readonly ConnectionType[] = connectionTypes.filter((one) => one !== type);
        for (const other of others) {
          assert.ok(!text.includes(connectionForms[other].choice.name), other);
          assert.equal(await created(other, `only-${type}-not-${other}`), type);
        }
        assert.doesNotMatch(text, /name="type"/);
      });
  });
});
