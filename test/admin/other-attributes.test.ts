import assert from "node:assert/strict";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { factOf } from "../helpers/pages.ts";
import { provisioned } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe("other attributes on a person's page", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let people = 0;
    async function pageOf(attributes: Record<string, unknown>, entitlements: string[] = []) {
      const { store, writer } = site().acme;
      const wanted = provisioned(`kept-${people++}@acme.example`, { attributes, entitlements });
      const { id } = await provisionUser(store, writer, wanted);
      return await (await site().clientOf(site().owner)).get(`/admin/people/${id}`);
    }

    it("are shown with their labels if they have a value, and entitlements with their names", async () => {
      const attributes = {
        name: { middleName: "King" },
        title: "Countess",
        phoneNumbers: [
          { type: "work", primary: true, value: "+44 20 1" },
          { type: "home", value: "+44 20 2" },
        ],
        addresses: [{ type: "work", streetAddress: "12 St James's Square", locality: "London" }],
        [enterprise]: { department: "Engines", manager: { value: "00u2", displayName: "Charles Babbage" } },
      };
      const page = await pageOf(attributes, ["task-export", "gone-since"]);
      assert.match(page.text, /More attributes \(6\)/);
      const shown = {
        "Middle name": "King",
        Title: "Countess",
        "Phone numbers": "+44 20 1; +44 20 2",
        Addresses: "12 St James&#39;s Square, London",
        Department: "Engines",
        Manager: "Charles Babbage",
        Entitlements: "Task export, gone-since",
      };
      for (const [label, text] of Object.entries(shown)) assert.equal(factOf(page, label), text, label);
    });

    it("are left out if they are empty, in any shape", async () => {
      const page = await pageOf({
        title: "",
        name: "Ada",
        phoneNumbers: [],
        addresses: [{}],
        nickName: null,
      });
      assert.doesNotMatch(page.text, /More attributes|Entitlements/);
    });

    it("are escaped", async () => {
      const page = await pageOf({ title: "<script>alert(1)</script>" });
      assert.equal(page.status, 200);
      assert.ok(!page.text.includes("<script>alert(1)"));
    });
  });
});
