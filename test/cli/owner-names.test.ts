import assert from "node:assert/strict";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { InvalidError } from "../../src/errors.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import { scimClient } from "../helpers/scim.ts";

describe("the names of an owner", () => {
  onEachDatabase((use) => {
    let app: TestApp;
    before(async () => {
      app = await startTestApp(use().database);
    });
    after(() => app.close());

    /** Runs a command at a terminal with these answers. Without them there is no terminal. */
    async function run(words: string[], answers?: string[], stdin = "") {
      const questions: string[] = [];
      const ask = (question: string) => {
        questions.push(question);
        return Promise.resolve(answers?.[questions.length - 1] ?? "");
      };
      await runCommand(tenantCommands, use().database, words, { stdin, ...(answers ? { ask } : {}) });
      return questions;
    }
    const create = (slug: string, owner: string, more: string[] = [], answers?: string[]) =>
      run(
        ["tenant", "create", slug, "--name", "Acme", "--owner", owner, ...more],
        answers,
        "a long password",
      );
    async function storeOf(slug: string) {
      const tenant = await systemStore(use().database).tenants.bySlug(slug);
      return forTenant(use().database, tenant?.id ?? assert.fail());
    }
    async function namesOf(slug: string, email: string) {
      const user = await (await storeOf(slug)).users.byLoginName(email);
      assert.deepEqual(user?.attributes.name, { givenName: user?.givenName, familyName: user?.familyName });
      return [user?.givenName, user?.familyName];
    }

    for (const [what, slug, more] of [
      ["a link", "first-link", []],
      ["a password", "first-typed", ["--password-stdin"]],
    ] as const) {
      it(`let Okta's SPEC test read the first user of a fresh tenant whose owner gets ${what}`, async () => {
        await create(slug, "grace.hopper@acme.example", [...more]);
        const { token } = await createToken(await storeOf(slug));
        const { body } = await scimClient(app, token).get("/Users?count=1&startIndex=1");
        const [first] = body.Resources;
        assert.deepEqual(first.name, { givenName: "Grace", familyName: "Hopper" });
        assert.deepEqual(
          [first.userName, first.emails[0].value, first.active],
          ["grace.hopper@acme.example", "grace.hopper@acme.example", true],
        );
      });
    }

    it("are made from an address with one name, too", async () => {
      await create("one-name", "grace@acme.example");
      assert.deepEqual(await namesOf("one-name", "grace@acme.example"), ["Grace", "acme.example"]);
    });

    it("are those that the operator gives; a missing one is made from the address", async () => {
      await create("half", "grace.hopper@acme.example", ["--owner-first-name", "Amazing"]);
      assert.deepEqual(await namesOf("half", "grace.hopper@acme.example"), ["Amazing", "Hopper"]);
    });

    it("are asked for on a terminal, each once, and an empty answer takes the suggestion", async () => {
      const questions = await create("asked", "grace.hopper@acme.example", [], ["Amazing", ""]);
      assert.deepEqual(questions, [
        "First name of grace.hopper@acme.example [Grace]: ",
        "Last name of grace.hopper@acme.example [Hopper]: ",
      ]);
      assert.deepEqual(await namesOf("asked", "grace.hopper@acme.example"), ["Amazing", "Hopper"]);
    });

    it("are not asked for if an option gives them, or if the password comes by standard input", async () => {
      const named = ["--owner-first-name", "Ada", "--owner-last-name", "Lovelace"];
      assert.deepEqual(await create("given", "ada@acme.example", named, []), []);
      assert.deepEqual(await create("piped", "ada@acme.example", ["--password-stdin"], []), []);
    });

    it("refuse an answer with hidden characters, and create nothing", async () => {
      await assert.rejects(create("liar", "ada@acme.example", [], ["A\u202eda", "x"]), InvalidError);
      await assert.rejects(create("liar", "ada@acme.example", [], ["x".repeat(101), ""]), InvalidError);
      assert.equal(await systemStore(use().database).tenants.bySlug("liar"), null);
    });

    it("of an invited owner are given, asked for or made, but only for a new account", async () => {
      await create("inviting", "ada@acme.example");
      const invite = (email: string, more: string[] = [], answers?: string[]) =>
        run(["owner", "invite", "inviting", "--email", email, ...more], answers);
      await invite("grace.hopper@acme.example");
      assert.deepEqual(await namesOf("inviting", "grace.hopper@acme.example"), ["Grace", "Hopper"]);
      assert.equal((await invite("eve@acme.example", ["--last-name", "Doe"], ["Eva"])).length, 1);
      assert.deepEqual(await namesOf("inviting", "eve@acme.example"), ["Eva", "Doe"]);
      const store = await storeOf("inviting");
      const known = { origin: "just-in-time" as const, givenName: "Known", attributes: {} };
      await store.users.create(newUser("known@acme.example", known));
      assert.deepEqual(await invite("known@acme.example", [], ["Other", "Other"]), []);
      const user = await store.users.byLoginName("known@acme.example");
      assert.deepEqual([user?.givenName, user?.familyName], ["Known", null]);
    });
  });
});
