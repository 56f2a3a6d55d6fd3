import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import { brand } from "../../../config/brand.ts";
import { createTenant } from "../../../src/directory/tenants.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { systemStore } from "../../../src/store/system-store.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { startTestApp, type TestApp } from "../../../test/helpers/app.ts";

const apiToken = "an administrator's token";
const dataKey = randomBytes(32);

describe("npm run okta:setup", () => {
  let folder: string;
  let database: Database;
  let org: TestOrg;
  let app: TestApp;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starter-okta-setup-"));
    database = openDatabase(join(folder, "app.sqlite"));
    await migrate(database);
    await createTenant(database, "acme", "Acme Rockets");
    await createTenant(database, "globex", "Globex Gardens");
    org = await startStandIn({ apiToken });
    app = await startTestApp(database, { dataKey, insecureAllowPrivateNetwork: true });
  });
  after(async () => {
    await app.close();
    await org.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(words: string[], token = apiToken, more: Record<string, string> = {}) {
    const { PATH = "", HOME = "" } = process.env;
    const child = spawn(process.execPath, ["--import", "tsx", "tools/demo/src/okta-setup.ts", ...words], {
      env: {
        PATH,
        HOME,
        BASE_URL: app.url,
        DATABASE_URL: join(folder, "app.sqlite"),
        DATA_KEY: dataKey.toString("base64"),
        INSECURE_ALLOW_PRIVATE_NETWORK: "1",
        ...more,
      },
      stdio: "pipe",
    });
    child.stdin.end(`${token}\n`);
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, stdout, stderr };
  }

  const known = async () => {
    const tenants = await systemStore(database).tenants.list();
    const lists = await Promise.all(tenants.map(({ id }) => forTenant(database, id).connections.list()));
    return lists.flat().map(({ key, type, status }) => `${key} ${type} ${status}`);
  };
  const apps = () => Object.values(org.store.state.apps).map(({ label }) => label);

  it("says in its help that it has never been run against a live org", async () => {
    const { code, stdout } = await run(["--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /has not been run against a live Okta org yet/);
  });

  for (const [what, words, token, message] of [
    ["no org", ["--token-stdin"], apiToken, /--org URL/],
    ["no token", ["--org", "ORG", "--token-stdin"], "", /API token on standard input/],
    ["a wrong token", ["--org", "ORG", "--token-stdin"], "wrong", /does not accept this API token/],
    [
      "a custom authorization server",
      ["--org", "ORG/oauth2/default", "--token-stdin"],
      apiToken,
      /custom authorization server/,
    ],
    [
      "an unknown tenant",
      ["--org", "ORG", "--token-stdin", "--oidc-tenant", "unknown"],
      apiToken,
      /no tenant "unknown"/,
    ],
    [
      "an org that does not answer",
      ["--org", "http://127.0.0.1:9", "--token-stdin"],
      apiToken,
      /^The org did not answer: \w+/,
    ],
    ["an unknown option", ["--orgg", "ORG"], apiToken, /--org URL/],
  ] as const) {
    it(`does nothing with ${what}`, async () => {
      const { code, stdout, stderr } = await run(
        words.map((word) => word.replace("ORG", org.url)),
        token,
      );
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, / at .*\.ts|an administrator's token/);
      assert.deepEqual([await known(), apps()], [[], []]);
    });
  }

  it("creates an app and a connection for each protocol, which work at once", async () => {
    const { code, stdout, stderr } = await run(["--org", org.url, "--token-stdin"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /acme by OIDC/);
    assert.match(stdout, /acme by OIDC[\s\S]*globex by SAML/); // SAML
    assert.deepEqual(await known(), [
      "acme oidc active",
      "globex saml active", // SAML
    ]);
    assert.deepEqual(apps(), [
      `${brand.productName} (Acme Rockets)`,
      `${brand.productName} (Globex Gardens)`, // SAML
    ]);

    const person = addTo(org, { login: "ada@acme.example", firstName: "Ada", lastName: "Lovelace" });
    for (const one of Object.values(org.store.state.apps))
      one.assignments[person.id] = { remoteId: null, state: "waiting", problem: null };
    const browser = await org.signedIn(person);
    const client = app.client();
    let next = new URL((await client.get("/oidc/acme/login")).location ?? "");
    while (next.origin === org.url)
      next = new URL((await browser.get(next.pathname + next.search)).location ?? "", next);
    await client.get(next.pathname + next.search);
    assert.equal(JSON.parse((await client.get("/me")).text).user.givenName, "Ada");

    // SAML {
    const samlClient = app.client();
    const asked = new URL((await samlClient.get("/saml/globex/login")).location ?? "");
    const page = (await browser.get(asked.pathname + asked.search)).text;
    const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? "";
    const form = { SAMLResponse: value("SAMLResponse"), RelayState: value("RelayState") };
    const posted = await samlClient.post("/saml/globex/acs", form, {
      origin: org.url,
      "sec-fetch-site": "cross-site",
    });
    await samlClient.get(posted.location ?? "");
    const me = JSON.parse((await samlClient.get("/me")).text);
    assert.deepEqual([me.tenant.slug, me.user.givenName], ["globex", "Ada"]);
    // SAML }
  });

  it("does not change working connections", async () => {
    const before = apps();
    const { code, stderr } = await run(["--org", org.url, "--token-stdin"]);
    assert.equal(code, 1);
    assert.match(stderr, /acme has a working OIDC connection already/);
    assert.deepEqual(apps(), before);
  });

  it("removes them, and reports when there is nothing to remove", async () => {
    const { code, stdout, stderr } = await run(["--org", org.url, "--token-stdin", "--remove"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Removed the OIDC app 0oa\w+ and the connection of acme/);
    assert.match(stdout, /the connection of acme[\s\S]*Removed the SAML app 0oa/); // SAML
    assert.deepEqual([await known(), apps()], [[], []]);
    const again = await run(["--org", org.url, "--token-stdin", "--remove"]);
    assert.equal(again.code, 0);
    assert.match(again.stdout, /acme has no OIDC connection/);
  });
});
