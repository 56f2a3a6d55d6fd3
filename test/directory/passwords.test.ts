import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { isCommonPassword } from "../../src/directory/common-passwords.ts";
import { checkPassword, wordsOf } from "../../src/directory/password-rules.ts";
import { InvalidError } from "../../src/errors.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { testPassword } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const ada = {
  loginName: "ada.lovelace@acme.example",
  email: "ada@engines.example",
  givenName: "Ada",
  familyName: "Lovelace",
};
const words = [...wordsOf(ada), "Ledgerline", "acme", "Acme Analytical"];

const common = /common passwords/;
const named = /name or an address/;

describe("the rules for passwords", () => {
  it("refuse short, overlong and common ones, in any case", () => {
    for (const [password, problem] of [
      ["elevenchars", /at least 12/],
      ["x".repeat(257), /at most 256/],
      ["qwertyqwerty", common],
      ["QWERTYqwerty", common],
      ["1qaz2wsx3edc", common],
      ["123456123456", common],
    ] as const)
      assert.throws(() => checkPassword(password), problem, password);
  });

  it("refuse those that are little more than a name of the person, the organisation or the product", () => {
    for (const password of [
      "ada.lovelace@acme.example",
      "AdaLovelace1815",
      "lovelace-lovelace",
      "Ada!!!!!!!!!!!!!",
      "Acme-Analytical-2026",
      "Ledgerline-2026!",
      "ledgerlineledgerline",
      "ada@engines.example1",
      "ＡｄａＬｏｖｅｌａｃｅ１",
    ])
      assert.throws(() => checkPassword(password, words), named, password);
  });

  it("take long ones of any characters, with a name in them, too", () => {
    for (const password of [
      testPassword,
      "a difference engine for Lovelace",
      "пароль из слов",
      "            ",
      "x".repeat(256),
      "zzzzzzzz-ada-q",
    ])
      checkPassword(password, words);
  });

  it("have the most common passwords of their length, and their source", () => {
    const lines = readFileSync("src/directory/common-passwords.txt", "utf8").trim().split("\n");
    assert.ok(lines.filter((line) => /^[0-9a-f]{12}$/.test(line)).length >= 3_000);
    assert.match(lines.slice(0, 2).join(), /Source: SecLists.*MIT License/);
    assert.equal(isCommonPassword("# the"), false);
    assert.equal(isCommonPassword(""), false);
  });

  onOneDatabase((use) => {
    const site = useSite(use);

    it("hold on the account page, which names the problem and changes nothing", async () => {
      const { owner, acme } = site();
      const client = await site().clientOf(owner);
      const before = await acme.store.credentials.passwordHash(owner.id);
      for (const [password, problem] of [
        ["qwertyqwerty", common],
        [acme.tenant.name.padEnd(14, "!"), named],
        [owner.loginName, named],
      ] as const) {
        const form = { current: testPassword, password, repeated: password };
        await submit(client, "/account", "/password", form);
        assert.match((await client.get("/account")).text, problem, password);
      }
      assert.equal(await acme.store.credentials.passwordHash(owner.id), before);
    });

    it("hold at the command line", async () => {
      const create = (password: string) =>
        runCommand(
          tenantCommands,
          use().database,
          [
            "tenant",
            "create",
            "refused",
            "--name",
            "Refused",
            "--owner",
            "eve@refused.example",
            "--password-stdin",
          ],
          { stdin: password },
        );
      await assert.rejects(create("qwertyqwerty"), common);
      await assert.rejects(create("eve@refused.example"), named);
      await assert.rejects(create("short"), InvalidError);
    });
  });
});
