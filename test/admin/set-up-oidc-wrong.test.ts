import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { messagesOn } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import { answered, createDraft, stateOf } from "./pages-read.ts";

let keys = 0;
const newKey = () => `oidc-wrong-${keys++}`;

describe("the set-up of an OIDC connection with wrong values", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    const script = "<script>document.title = 'executed'</script>";
    const megabyte = "x".repeat(1_000_000);
    const wrong: [field: string, value: string, sentence: RegExp][] = [
      ["issuer", "", /Enter the address of your Okta org/],
      ["issuer", "acme", /Enter the address of the Okta org/],
      ["issuer", script, /Enter the address of the Okta org/],
      ["issuer", "javascript:alert(1)", /Enter the address of the Okta org/],
      ["issuer", "http://acme.okta.com", /must start with https/],
      [
        "issuer",
        "https://acme.okta.com/oauth2/default",
        /custom authorization server.*https:\/\/acme\.okta\.com/,
      ],
      ["issuer", "https://acme-admin.okta.com", /Admin Console.*https:\/\/acme\.okta\.com/],
      ["issuer", "https://acme-admin.oktapreview.com", /Admin Console/],
      ["issuer", "https://acme.okta.com/app", /has no path/],
      ["issuer", "https://ada:secret@acme.okta.com", /has no path/],
      ["issuer", "https://127.0.0.1", /private address/],
      ["issuer", "https://[::1]", /private address/],
      ["issuer", "https://10.0.0.1", /private address/],
      ["issuer", "https://localhost", /private address/],
      ["issuer", "https://provider.invalid", /could not be resolved/],
      ["issuer", megabyte, /Enter the address of the Okta org/],
      ["clientId", "", /client ID is missing/],
      ["clientId", "0oa with spaces", /space/],
      ["clientId", script, /space/],
      ["clientId", "ünïcode", /space or a character/],
      ["clientId", megabyte, /more than 255/],
      ["clientId", "0oa\u001b[31m", /contains U\+001B ESCAPE/],
      ["clientSecret", "", /client secret is missing/],
      ["clientSecret", "0oa1", /This is the client ID/],
      ["clientSecret", script, /space/],
      ["clientSecret", megabyte, /more than 512/],
      ["issuerAlias", "http://login.acme.com", /must start with https/],
      ["issuerAlias", script, /Enter the address/],
      ["maxAgeMinutes", "0", /from 1 to 43200/],
      ["maxAgeMinutes", "1.5", /whole number of minutes/],
      ["maxAgeMinutes", "43201", /from 1 to 43200/],
      ["maxAgeMinutes", script, /whole number of minutes/],
      ["roleName", megabyte, /more than 200/],
      ["roleName", "gro\u200bups", /contains U\+200B ZERO WIDTH SPACE/],
      ["roleValues", "Ad\u202emins", /contains U\+202E RIGHT-TO-LEFT OVERRIDE/],
      ["roleValues", "", /Enter the values/],
      ["roleValues", Array(30).fill("group").join("\n"), /At most 20/],
      ["roleValues", megabyte, /At most 20 values, of 200/],
    ];

    for (const [field, value, sentence] of wrong) {
      it(`refuses the ${field} ${JSON.stringify(value.slice(0, 40))} with a sentence`, async () => {
        const client = await site().clientOf(site().owner);
        const base = await createDraft(client, "oidc", newKey());
        const others = { issuer: "https://provider.invalid", clientId: "0oa1", clientSecret: "secret-1" };
        const roles = { roleName: "groups", roleValues: "Admins" };
        const form = { ...others, ...(field.startsWith("role") ? roles : {}), [field]: value };
        const sent = await client.post(`${base}/settings`, form);
        assert.equal(sent.location, `${base}?step=3`);
        const page = await client.get(sent.location);
        assert.match(stateOf(page, field), sentence);
        assert.match(messagesOn(page), /Nothing was saved/);
        assert.ok(!page.text.includes("<script>document"), "what was entered is escaped");
        const { store } = site().acme;
        const connection = await store.connections.byId(base.split("/").at(-1) ?? "");
        assert.equal(connection?.settings, null);
        assert.equal((await store.connections.sealedSecrets(connection?.id ?? "")).current, null);
        if (field.startsWith("role")) return;
        const typed = await client.post(`${base}/check`, { ...others, field, [field]: value });
        if (value !== "") assert.match(JSON.parse(typed.text).problem, sentence);
      });
    }

    it("names each missing value of an empty form", async () => {
      const client = await site().clientOf(site().owner);
      const base = await createDraft(client, "oidc", newKey());
      const page = await answered(client, client.post(`${base}/settings`, {}));
      assert.match(stateOf(page, "issuer"), /Enter the address of your Okta org/);
      assert.match(stateOf(page, "clientId"), /client ID is missing/);
      assert.match(stateOf(page, "clientSecret"), /client secret is missing/);
    });

    const badKeys: [string, RegExp][] = [
      ["", /must be 1 to 63 characters/],
      ["Upper case", /must be 1 to 63 characters/],
      ["-leading", /must be 1 to 63 characters/],
      ["new", /reserved word/],
      [script, /must be 1 to 63 characters/],
      ["a".repeat(64), /must be 1 to 63 characters/],
    ];
    for (const [key, sentence] of badKeys) {
      it(`refuses the connection ID ${JSON.stringify(key.slice(0, 30))} with a sentence`, async () => {
        const client = await site().clientOf(site().owner);
        const before = await site().acme.store.connections.list();
        const page = await answered(client, client.post("/admin/connections", { type: "oidc", key }));
        assert.match(messagesOn(page), /Nothing was created/);
        assert.match(page.text, sentence);
        assert.ok(!page.text.includes("<script>document"));
        assert.deepEqual(await site().acme.store.connections.list(), before);
      });
    }

    it("proposes a connection ID that is free, and says which one is taken", async () => {
      const client = await site().clientOf(site().owner);
      const { tenant } = site().acme;
      const proposed = async () =>
        /id="key" name="key" value="([^"]*)"/.exec((await client.get("/admin/connections/new")).text)?.[1];
      assert.equal(await proposed(), tenant.slug);
      await createDraft(client, "oidc", tenant.slug);
      assert.equal(await proposed(), `${tenant.slug}-2`);
      const twice = client.post("/admin/connections", { type: "oidc", key: tenant.slug });
      assert.match(messagesOn(await answered(client, twice)), /already names an OIDC connection/);
    });

    it("refuses a connection ID of another tenant without naming that tenant", async () => {
      const client = await site().clientOf(site().owner);
      const other = await createTestTenant(use().database);
      const form = { type: "oidc", key: other.tenant.slug };
      const page = await answered(client, client.post("/admin/connections", form));
      assert.match(messagesOn(page), /is not available/);
      assert.ok(!page.text.includes(other.tenant.name));
    });
  });
});
