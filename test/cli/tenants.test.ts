import assert from "node:assert/strict";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../src/errors.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import { runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { mailServerOf } from "../helpers/mail.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

const setupUrl = /^https:\/\/product\.example\/setup\/[\w-]{43}$/;

describe("admin -- tenant", () => {
  onEachDatabase((use) => {
    const run = (words: string[], stdin = "") => runCommand(tenantCommands, use().database, words, { stdin });
    const system = () => systemStore(use().database);
    async function storeOf(slug: string): Promise<TenantStore> {
      const tenant = await system().tenants.bySlug(slug);
      assert.ok(tenant, `${slug} exists`);
      return forTenant(use().database, tenant.id);
    }
    const create = (slug: string, ...more: string[]) =>
      run(["tenant", "create", slug, "--name", "Acme Rockets", "--owner", "ada@acme.example", ...more]);

    it("create makes a tenant and an owner, with a link to set a password", async () => {
      const { json } = await create("acme", "--domain", "ACME.example", "--verified");
      const { owner, ...rest } = json as { owner: { email: string; setupUrl: string } };
      assert.deepEqual(rest, { tenant: { slug: "acme", name: "Acme Rockets" } });
      assert.deepEqual(Object.keys(owner), ["email", "setupUrl"]);
      assert.equal(owner.email, "ada@acme.example");
      assert.match(owner.setupUrl, setupUrl);
      assert.deepEqual(
        (await system().tenantsOfDomain("acme.example")).map(({ slug }) => slug),
        ["acme"],
      );
      const app = await startTestApp(use().database);
      try {
        const password = "four words make one";
        const client = app.client();
        const form = { password, repeated: password };
        assertRedirect(await client.post(new URL(owner.setupUrl).pathname, form), landingPath);
        assert.equal(JSON.parse((await client.get("/me")).text).user.role, "owner");
      } finally {
        await app.close();
      }
    });

    it("create reads the owner's password from standard input, and then prints no link", async () => {
      const words = ["--name", "Globex", "--owner", "bob@globex.example", "--password-stdin"];
      const { json, text } = await run(["tenant", "create", "globex", ...words], "a password for the owner");
      assert.deepEqual(json, {
        tenant: { slug: "globex", name: "Globex" },
        owner: { email: "bob@globex.example", setupUrl: null },
      });
      assert.match(text, /signs in at https:\/\/product\.example\/login\/password\/globex/);
      const store = await storeOf("globex");
      const owner = await store.users.byLoginName("bob@globex.example");
      assert.equal(await store.roles.effective(owner?.id ?? ""), "owner");
      assert.match((await store.credentials.passwordHash(owner?.id ?? "")) ?? "", /^scrypt\$/);
    });

    for (const [way, words, stdin] of [
      ["a link", [], ""],
      ["a password", ["--password-stdin"], "a password for the owner"],
    ] as const) {
      it(`create stores the names of an owner who gets ${way}`, async () => {
        const slug = `named-${way.split(" ")[1]}`;
        const names = ["--owner-first-name", " Ada ", "--owner-last-name", "King Lovelace", ...words];
        await run(
          ["tenant", "create", slug, "--name", "Named", "--owner", "ada@named.example", ...names],
          stdin,
        );
        const owner = await (await storeOf(slug)).users.byLoginName("ada@named.example");
        assert.deepEqual(
          [owner?.givenName, owner?.familyName, owner?.attributes.name],
          ["Ada", "King Lovelace", { givenName: "Ada", familyName: "King Lovelace" }],
        );
      });
    }

    it("create leaves a domain unverified without --verified", async () => {
      await create("cautious", "--domain", "cautious.example");
      assert.deepEqual(await system().tenantsOfDomain("cautious.example"), []);
      assert.equal((await (await storeOf("cautious")).domains.list())[0]?.verifiedAt, null);
    });

    const refused: [string, string[], RegExp][] = [
      ["an upper-case slug", ["Bad", "--name", "N", "--owner", "a@b.example"], /lower-case letters/],
      ["a slug with a path in it", ["a/b", "--name", "N", "--owner", "a@b.example"], /lower-case letters/],
      ["a reserved slug", ["admin", "--name", "N", "--owner", "a@b.example"], /reserved word/],
      ["an empty name", ["half", "--name", "", "--owner", "a@b.example"], /--name is missing/],
      ["no owner", ["half", "--name", "N"], /--owner is missing/],
      [
        "an owner with an overlong address",
        ["half", "--name", "N", "--owner", `a@${"b".repeat(249)}.com`],
        /is not an e-mail address/,
      ],
      ["an owner without an address", ["half", "--name", "N", "--owner", "ada"], /is not an e-mail address/],
      [
        "an owner with a blank name",
        ["half", "--name", "N", "--owner", "a@b.example", "--owner-last-name", " "],
        /--owner-last-name is empty/,
      ],
      [
        "an owner with an overlong name",
        ["half", "--name", "N", "--owner", "a@b.example", "--owner-first-name", "a".repeat(101)],
        /The first name may have at most 100 characters/,
      ],
      [
        "a public mail domain",
        ["half", "--name", "N", "--owner", "a@b.example", "--domain", "gmail.com"],
        /public mail service/,
      ],
      [
        "a weak password",
        ["half", "--name", "N", "--owner", "a@b.example", "--password-stdin"],
        /at least 12 characters/,
      ],
      [
        "--verified alone",
        ["half", "--name", "N", "--owner", "a@b.example", "--verified"],
        /goes with --domain/,
      ],
    ];
    for (const [what, words, message] of refused) {
      it(`create refuses ${what} and leaves nothing behind`, async () => {
        const before = await system().tenants.list();
        const run1 = run(["tenant", "create", ...words], "short");
        await assert.rejects(run1, (error) => error instanceof InvalidError && message.test(error.message));
        assert.deepEqual(await system().tenants.list(), before);
        // The slug is still free.
        await create("half");
        await run(["tenant", "delete", "half", "--yes"]);
        await use().database.sql()("connection_keys").where("key", "half").delete();
      });
    }

    it("create refuses a taken slug, and does not change its tenant", async () => {
      await create("taken");
      const before = await (await storeOf("taken")).users.page(0, 10);
      await assert.rejects(
        run(["tenant", "create", "taken", "--name", "Other", "--owner", "eve@evil.example"]),
        (error) => error instanceof ConflictError && error.message === 'There is already a tenant "taken".',
      );
      assert.deepEqual(await (await storeOf("taken")).users.page(0, 10), before);
    });

    it("list prints every tenant", async () => {
      await create("listed");
      const { json } = await run(["tenant", "list"]);
      const one = (json as Record<string, string>[]).find(({ slug }) => slug === "listed");
      assert.deepEqual(Object.keys(one ?? {}), ["slug", "name", "createdAt"]);
      assert.equal(new Date(one?.createdAt ?? "").toISOString(), one?.createdAt);
    });

    it("rename changes the name but not the slug", async () => {
      await create("renamed");
      const { json } = await run(["tenant", "rename", "renamed", "--name", " New Name "]);
      assert.deepEqual(json, { slug: "renamed", name: "New Name" });
      assert.equal((await system().tenants.bySlug("renamed"))?.name, "New Name");
    });

    it("delete requires --yes, and deletes everything of the tenant", async () => {
      await create("doomed");
      await assert.rejects(run(["tenant", "delete", "doomed"]), /all its people and data.*--yes/);
      assert.notEqual(await system().tenants.bySlug("doomed"), null);
      assert.deepEqual((await run(["tenant", "delete", "doomed", "--yes"])).json, { deleted: "doomed" });
      assert.equal(await system().tenants.bySlug("doomed"), null);
      await assert.rejects(create("doomed"), ConflictError, "its slug stays reserved");
    });

    for (const words of [
      ["tenant", "delete", "nowhere", "--yes"],
      ["tenant", "rename", "nowhere", "--name", "N"],
      ["owner", "invite", "nowhere", "--email", "a@b.example"],
      ["domain", "list", "nowhere"],
    ]) {
      it(`${words.slice(0, 2).join(" ")} reports an unknown tenant`, async () => {
        const says = (error: unknown) =>
          error instanceof NotFoundError && error.message === 'There is no tenant "nowhere".';
        await assert.rejects(run(words), says);
      });
    }

    it("owner invite makes a new person or an existing one an owner", async () => {
      const { tenant, store } = await createTestTenant(use().database);
      const there = await store.users.create(newUser("there@acme.example", { origin: "just-in-time" }));
      for (const email of ["new@acme.example", "there@acme.example"]) {
        const names = ["--first-name", "Dana", "--last-name", " Doe "];
        const { json } = await run(["owner", "invite", tenant.slug, "--email", email, ...names]);
        assert.deepEqual(Object.keys(json as object), ["setupUrl"]);
        assert.match((json as { setupUrl: string }).setupUrl, setupUrl);
        const user = await store.users.byLoginName(email);
        assert.equal(await store.roles.effective(user?.id ?? ""), "owner", email);
        const wanted = email.startsWith("new") ? ["Dana", "Doe"] : [there.givenName, there.familyName];
        assert.deepEqual([user?.givenName, user?.familyName], wanted);
      }
      const nameless = run(["owner", "invite", tenant.slug, "--email", "x@acme.example", "--last-name", " "]);
      await assert.rejects(nameless, InvalidError);
      assert.equal(await store.users.byLoginName("x@acme.example"), null);
    });

    it("owner invite --send leaves the link to a mail to the named address", async () => {
      const { tenant, store } = await createTestTenant(use().database);
      const managed = { origin: "just-in-time", email: "attacker@elsewhere.example" } as const;
      await store.users.create(newUser("there@acme.example", managed));
      const words = ["owner", "invite", tenant.slug, "--email", "there@acme.example", "--send"];
      await assert.rejects(run(words), /SMTP_URL and MAIL_FROM/);
      const server = mailServerOf({ url: "smtp://127.0.0.1:1" });
      const { json } = await runCommand(tenantCommands, use().database, words, { mail: server });
      assert.deepEqual(json, { setupUrl: null });
      const user = await store.users.byLoginName("there@acme.example");
      assert.deepEqual([user?.origin, user?.email], ["local", "there@acme.example"]);
      const rows = await use()
        .database.sql()("outbox")
        .where({ tenant_id: tenant.id, kind: "mail" })
        .select("user_id", "facts");
      const mails = rows.map(({ facts }) => (typeof facts === "string" ? JSON.parse(facts) : facts).mail);
      assert.deepEqual(mails.sort(), ["owner-set-up", "role-raised"]);
      assert.ok(rows.every(({ user_id }) => user_id === user?.id));
      const links = await use()
        .database.sql()("one_time_links")
        .where("user_id", user?.id ?? "")
        .select("*");
      assert.deepEqual(links, []);
    });

    it("domain add, verify, list and remove work", async () => {
      const { tenant } = await createTestTenant(use().database);
      const domain = async (verb: string, ...more: string[]) =>
        (await run(["domain", verb, tenant.slug, ...more])).json;
      const routed = async () => (await system().tenantsOfDomain("d.example")).length;
      assert.deepEqual(await domain("add", "D.Example"), { domain: "d.example", verified: false });
      assert.equal(await routed(), 0);
      assert.deepEqual(await domain("list"), [{ domain: "d.example", verified: false }]);
      assert.deepEqual(await domain("verify", "D.example"), { domain: "d.example", verified: true });
      assert.equal(await routed(), 1);
      assert.deepEqual(await domain("list"), [{ domain: "d.example", verified: true }]);
      await assert.rejects(domain("add", "d.example"), ConflictError);
      assert.deepEqual(await domain("remove", "d.example"), { removed: "d.example" });
      assert.equal(await routed(), 0);
      await assert.rejects(domain("verify", "d.example"), NotFoundError);
      await assert.rejects(domain("remove", "d.example"), NotFoundError);
    });
  });
});
