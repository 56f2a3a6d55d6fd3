import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { brand } from "../../../config/brand.ts";
import { integration } from "../../../config/integration.ts";

/** `npm run guide` in a copy of the repository without any output yet, on a machine without Chromium. */
describe("npm run guide", function () {
  this.timeout(180_000);
  let copy: string;

  before(() => {
    copy = mkdtempSync(join(tmpdir(), "starter-guide-"));
    const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8" });
    const needed =
      /^(src|config|views|public|migrations|tools\/guide)\/|^(package|tsconfig)\.json$|^docs\/explanation\/[\w-]+\.md$/;
    for (const file of listed.split("\0").filter((name) => needed.test(name))) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(file, join(copy, file));
    }
    symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  function guide(...words: string[]) {
    const args = ["--import", "tsx", "tools/guide/src/main.ts", ...words];
    const env = { PATH: process.env.PATH, CHROMIUM_PATH: join(copy, "no-chromium") };
    return spawnSync(process.execPath, args, { cwd: copy, env, encoding: "utf8" });
  }

  const written = () =>
    ["docs/guides", "docs/oin"].flatMap((folder) =>
      readdirSync(join(copy, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.\w+$/.test(file))
        .map((file) => join(folder, file)),
    );

  function change(file: string, from: string, to: string): void {
    const text = readFileSync(join(copy, file), "utf8");
    assert.ok(text.includes(from), `${file} has ${from}`);
    writeFileSync(join(copy, file), text.replaceAll(from, to));
  }

  it("writes guides and package, and says in one sentence what it could not write without Chromium", () => {
    const { status, stdout, stderr } = guide();
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      written().sort(),
      [
        ...[
          ...["oidc", "scim", "xaa"],
          ...["saml", "providers/entra", "providers/google", "providers/onelogin"], // SAML
        ].flatMap((name) => [`docs/guides/${name}.html`, `docs/guides/${name}.md`]),
        ...["submission.html", "submission.md", "values.json", "values.yaml"].map(
          (name) => `docs/oin/${name}`,
        ),
      ].sort(),
    );
    const [sentence, ...others] = stdout.split("\n").filter((line) => line.startsWith("Not written"));
    assert.match(
      sentence ?? "",
      /^Not written, because Chromium was not found: .*\.png.*oidc\.pdf.* CHROMIUM_PATH/,
    );
    assert.deepEqual([others, stderr], [[], ""]);
  });

  it("leaves the ISV's screenshot of Okta alone, and does not call it a drawing", () => {
    const screenshot = join(copy, "docs/guides/images/okta-catalog.png");
    writeFileSync(screenshot, "a screenshot of the ISV");
    const { stdout } = guide();
    assert.match(stdout, /^yours {4}docs\/guides\/images\/okta-catalog\.png$/m);
    assert.doesNotMatch(stdout, /^Not written.*okta-catalog/m);
    assert.equal(readFileSync(screenshot, "utf8"), "a screenshot of the ISV");
    const text = readFileSync(join(copy, "docs/guides/oidc.md"), "utf8");
    assert.match(text, /\(images\/okta-catalog\.png\)\n\*Figure \d+\. [^(]+\*\n/);
    rmSync(screenshot);
  });

  it("changes every output if a name, a URL or an attribute changes in config/", () => {
    const facts = [
      brand.productName,
      integration.origin,
      "/signed-out",
      "lastName",
      "user.lastName",
      "family_name",
    ];
    const names = written();
    const outputs = () => names.map((file) => readFileSync(join(copy, file), "utf8"));
    const before = outputs();
    for (const fact of facts)
      assert.ok(
        before.some((text) => text.includes(fact)),
        fact,
      );
    change("config/brand.ts", `productName: "${brand.productName}"`, 'productName: "Zebra"');
    change("config/integration.ts", integration.origin, "https://zebra.test");
    change("src/endpoints.ts", '"/signed-out"', '"/bye"');
    change("config/attributes.ts", '"lastName"', '"surname"');
    change("config/attributes.ts", '"user.lastName"', '"user.middleName"');
    change("config/attributes.ts", '"family_name"', '"zebra_name"');
    // The next test reads the published values.
    const { status, stderr } = guide("--published");
    assert.equal(status, 0, stderr);
    const after = outputs();
    for (const [index, text] of after.entries()) assert.notEqual(text, before[index], names[index]);
    for (const fact of facts) {
      const pattern = new RegExp(`(?<![\\w/])${fact.replaceAll(".", "\\.")}\\b`);
      assert.deepEqual(
        names.filter((_, index) => pattern.test(after[index] ?? "")),
        [],
        `${fact} is still there`,
      );
    }
    assert.deepEqual(
      written().filter((file) => !names.includes(file)),
      ["docs/oin/published.json"],
    );
  });

  it("stores the published values, and reports what a later change would break", () => {
    assert.ok(existsSync(join(copy, "docs/oin/published.json")));
    change("config/integration.ts", 'name: "connection"', 'name: "workspace"');
    const { status, stderr } = guide();
    assert.equal(status, 0, stderr);
    const warning = /Tenant settings, Name: connection was published and is gone/;
    assert.match(stderr, warning);
    assert.match(readFileSync(join(copy, "docs/oin/submission.md"), "utf8"), warning);
  });

  it("writes no package for an invalid manifest, and names the broken rule", () => {
    rmSync(join(copy, "docs/oin"), { recursive: true });
    change("config/brand.ts", 'productName: "Zebra"', `productName: "${"Z".repeat(65)}"`);
    const { status, stderr } = guide();
    assert.equal(status, 1);
    assert.match(stderr, /^docs\/oin\/ was not written.*\ndisplayName has 65 characters, and at most 64/);
    assert.equal(existsSync(join(copy, "docs/oin/submission.md")), false);
  });

  it("refuses unknown options", () => {
    const { status, stderr } = guide("--all");
    assert.equal(status, 1);
    assert.match(stderr, /knows --published, not --all/);
  });
});
