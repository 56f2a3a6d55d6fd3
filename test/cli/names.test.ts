import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connectionCommands } from "../../src/cli/connections.ts";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { tokenCommands } from "../../src/cli/tokens.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { createTenant } from "../../src/directory/tenants.ts";
import { InvalidError } from "../../src/errors.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { runCli, runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";

const red = "\u001b[31m";
const says = (message: string) => (error: unknown) =>
  error instanceof InvalidError && error.message.startsWith(message);

describe("deceptive names on the command line", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });

    const refused = {
      "the name of a tenant": [
        tenantCommands,
        ["tenant", "create", "liar", "--name", `Acme${red}`, "--owner", "o@acme.example"],
        "--name contains U+001B ESCAPE",
      ],
      "an owner's address": [
        tenantCommands,
        ["tenant", "create", "liar", "--name", "Liar", "--owner", "o\u200b@acme.example"],
        "--owner contains U+200B ZERO WIDTH SPACE",
      ],
      "an owner's address with a joiner": [
        tenantCommands,
        ["tenant", "create", "liar", "--name", "Liar", "--owner", "o\u200d@acme.example"],
        "The login name contains U+200D ZERO WIDTH JOINER",
      ],
      "a source": [
        tokenCommands,
        ["token", "create", "liar", "--source", "evil\nline"],
        "--source contains U+000A LINE FEED",
      ],
      "a client ID": [
        connectionCommands,
        ["connection", "create", "liar", "--type", "oidc", "--client-id", `0oa${red}`],
        "--client-id contains U+001B ESCAPE",
      ],
      "an argument that is not an option": [
        connectionCommands,
        ["connection", "list", `liar${red}`],
        "The argument contains U+001B ESCAPE",
      ],
    } as const;
    for (const [what, [commands, words, message]] of Object.entries(refused)) {
      it(`are refused as ${what}`, async () => {
        await assert.rejects(runCommand([...commands], use().database, [...words]), says(message));
      });
    }

    it("are refused for an invited owner, also below the command line", async () => {
      const invite = ["owner", "invite", acme.tenant.slug, "--email", "o\ufe0f@acme.example"];
      await assert.rejects(
        runCommand(tenantCommands, use().database, invite),
        says("The login name contains U+FE0F"),
      );
      await assert.rejects(createToken(acme.store, `a${red}`), says("The source's name contains U+001B"));
      await assert.rejects(
        createTenant(use().database, "liar", "A\u202e"),
        says("The tenant's name contains U+202E"),
      );
    });

    it("that are already stored are made visible in text, and exact in JSON", async () => {
      const name = `evil${red}red\nfake\trow\u202e`;
      await acme.store.sources.create({ id: randomUUID(), name });
      const source = (await acme.store.sources.byName(name)) ?? assert.fail();
      const token = { id: randomUUID(), sourceId: source.id, tokenHash: randomUUID(), hint: "oinscim_abcd" };
      await acme.store.tokens.create({ ...token, expiresAt: Date.now() + 86_400_000 });
      await systemStore(use().database).tenants.update(acme.tenant.id, { name });
      const shown = "evil⟨U+001B⟩[31mred⟨U+000A⟩fake⟨U+0009⟩row⟨U+202E⟩";
      const environment = { DATABASE_URL: use().url };
      const list = await runCli(["token", "list", acme.tenant.slug], environment);
      assert.equal(list.stdout.split("\n").length, 2, list.stdout);
      assert.ok(list.stdout.includes(`\t${shown}\t`), list.stdout);
      for (const words of [
        ["tenant", "list"],
        ["tenant", "health"],
      ]) {
        const { stdout } = await runCli(words, environment);
        assert.ok(stdout.includes(shown), `${words.join(" ")}: ${stdout}`);
        assert.doesNotMatch(stdout, /[^\P{C}\n\t]/u);
      }
      const connection = await acme.connection({
        settings: { issuer: "https://a.okta.example", clientId: `0oa${red}` },
      });
      const words = ["connection", "show", acme.tenant.slug, "--key", connection.key, "--type", "oidc"];
      assert.match((await runCli(words, environment)).stdout, /0oa⟨U\+001B⟩\[31m/);
      const json = await runCli(["token", "list", acme.tenant.slug, "--json"], environment);
      assert.equal(JSON.parse(json.stdout)[0].source, name);
      const deletion = await runCli(["tenant", "delete", acme.tenant.slug], environment);
      assert.ok(deletion.stderr.includes(shown), deletion.stderr);
      assert.doesNotMatch(deletion.stderr.trimEnd(), /\p{C}/u);
    });

    it("are made visible in an error", async () => {
      const { code, stderr } = await runCli([`to\n${red}ken`], { DATABASE_URL: use().url });
      assert.deepEqual([code, stderr.split(".")[0]], [1, 'There is no command "to⟨U+000A⟩⟨U+001B⟩[31mken"']);
    });
  });
});
