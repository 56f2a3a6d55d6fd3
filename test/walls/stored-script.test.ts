import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage, loadPage, type PageCase } from "../helpers/every-page.ts";
import { useSite } from "../helpers/site.ts";
import { columnsOf, tenantTables } from "../helpers/tenant-tables.ts";
import { productTexts } from "../product.ts";

/** Ends an attribute and begins an element, if a page writes it as it is. */
const payload = `x" onx7="1' onx7='1<s7z>&{{7*7}}`;
const asItIs = ["<s7z", `" onx7="`, `' onx7='`];

/** Columns whose values others choose: an identity provider, a provisioning client, an agent, a webhook's receiver, a person. */
const chosen: Record<string, readonly string[]> = {
  access_tokens: ["act"],
  activity: ["actor", "changed", "reason"],
  agents: ["name", "jwks_uri"],
  api_keys: ["name"],
  connections: [
    "settings",
    "provider_app_id",
    "edited_by",
    "edited_from",
    "guest_edited_from",
    "provider_issuer",
    "provider_issuer_alias",
  ],
  groups: ["display_name", "source_key"],
  identities: ["subject", "email"],
  inspector_messages: ["step", "summary", "person", "content", "sent_from", "sent_to", "request_id"],
  invitations: ["invited_by"],
  outbox: ["answer"],
  passkeys: ["name"],
  provisioning_grants: ["allowed_by"],
  provisioning_problems: ["call", "detail", "request_id"],
  provisioning_sources: ["name"],
  sessions: ["data"],
  signal_streams: ["status_reason", "transmitter", "provider_stream_id", "audiences", "last_event"],
  ...productTexts,
  tenant_agents: ["name"],
  tombstone_subjects: ["subject"],
  tombstones: ["login_name"],
  users: ["login_name", "given_name", "family_name", "display_name", "email", "attributes", "source_key"],
  webhook_deliveries: ["answer"],
  webhook_endpoints: ["url"],
};

/** Columns whose values this application makes, or takes from lists of its own. */
const own =
  /(^|_)(ids?|hash|key|hint|kinds?|type|status|state|role|origin|scopes|resources|thumbprint|fingerprint)$|sealed_/;
/** The same, or values with a form that allows no markup, or that no page shows. */
const others = [
  "activity.action",
  ...["entries", "previous", "seal"].map((name) => `activity_seals.${name}`),
  ...["anchor", "last_seal", "mac"].map((name) => `activity_trails.${name}`),
  "day_counts.subject",
  "enforced_domains.domain",
  ...["agent", "body", "headers", "reservation"].map((name) => `idempotency_keys.${name}`),
  ...["file", "method", "protocol", "verdict"].map((name) => `inspector_messages.${name}`),
  "key_pairs.certificate",
  "list_gaps.list",
  "outbox.facts",
  "passkeys.transports",
  ...["challenge", "redirect_uri", "source_name"].map((name) => `provisioning_codes.${name}`),
  "provisioning_grants.end_cause",
  "role_grants.source",
  ...["events_delivered", "events_requested"].map((name) => `signal_streams.${name}`),
  ...["changed_agent", "changed_by", "created_agent", "created_by"].map((name) => `tasks.${name}`), // sample product
  ...["domain", "verification_token"].map((name) => `tenant_domains.${name}`),
  "users.entitlements",
];

/** A value with the payload in it. An address becomes one that runs a script. */
function deface(value: unknown): unknown {
  if (typeof value === "string" && /^https?:/.test(value)) return `javascript:alert(7)//${payload}`;
  if (typeof value === "string") return value + payload;
  if (Array.isArray(value)) return value.map(deface);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, deface(one)]));
}

/** Also of a document: then each text in it. */
function defaceColumn(text: string): string {
  if (!/^[[{]/.test(text)) return String(deface(text));
  return JSON.stringify(deface(JSON.parse(text)));
}

describe("a script in every field that others fill", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let pages: PageCase[];
    before(async () => {
      pages = await everyPage(use, site());
      const { tenant } = site().acme;
      const sql = use().database.sql();
      const place = use().database.engine === "postgres" ? "ctid" : "rowid";
      for (const [table, columns] of Object.entries(chosen)) {
        const rows = await sql(table)
          .where("tenant_id", tenant.id)
          .select(sql.raw(`${place} as at`), ...columns);
        for (const { at, ...values } of rows as Record<string, unknown>[]) {
          const changes = Object.entries(values).filter(([, value]) => typeof value === "string");
          const defaced = changes.map(([name, value]) => [name, defaceColumn(String(value))]);
          if (defaced.length > 0)
            await sql(table)
              .whereRaw(`${place} = ?`, [at as string])
              .update(Object.fromEntries(defaced));
        }
      }
      await sql("tenants").where("id", tenant.id).update({ name: payload });
      // The application remembers for a second which tenants record.
      await sleep(1_050);
    });

    it("is known for every column of the database", async () => {
      const { database } = use();
      for (const table of await tenantTables(database))
        for (const column of await columnsOf(database, table)) {
          const { type } =
            ((await database.sql()(table).columnInfo()) as unknown as Record<string, { type: string }>)[
              column
            ] ?? {};
          if (!/char|text/.test(type ?? "")) continue;
          const name = `${table}.${column}`;
          const isKnown = chosen[table]?.includes(column) || own.test(column) || others.includes(name);
          assert.ok(isKnown, `say who fills ${name}`);
        }
    });

    it("is text on every page, and the page's policy runs no inline script", async function () {
      this.timeout(120_000);
      let shown = 0;
      for (const page of pages) {
        const client = page.as === null ? site().app.client() : await site().clientOf(page.as);
        const answer = await loadPage(client, page);
        assert.ok(answer.status < 500, `${page.name}: ${answer.status}`);
        for (const text of asItIs) assert.ok(!answer.text.includes(text), `${page.name} contains ${text}`);
        assert.doesNotMatch(
          answer.text,
          /(href|src|action|content)="\s*(\d+;\s*url=)?javascript:/i,
          page.name,
        );
        if (answer.text.includes("&lt;s7z&gt;")) shown += 1;
        if (!/html/.test(answer.headers.get("content-type") ?? "")) continue;
        const policy = answer.headers.get("content-security-policy") ?? "";
        assert.match(policy, /default-src 'none'/, page.name);
        assert.doesNotMatch(policy, /unsafe-|data:|\*/, page.name);
        assert.match(policy, /script-src 'self'(;|$)/, page.name);
      }
      assert.ok(shown > 40, `${shown} of ${pages.length} pages show it`);
    });
  });
});
