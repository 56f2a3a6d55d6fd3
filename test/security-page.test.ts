import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mailKinds } from "../src/directory/mails.ts";
import { securityNotices } from "../src/directory/security-notices.ts";

const folder = "docs/reference";
const text = readFileSync(`${folder}/security.md`, "utf8");

/** The requirements of levels 1 and 2 of ASVS 5.0.0, by section. Those of level 1 have a "!". */
const numbers: Record<string, string> = {
  "1.1": "1 2",
  "1.2": "!1 !2 !3 !4 !5 6 7 8 9",
  "1.3": "!1 !2 3 4 5 6 7 8 9 10 11",
  "1.4": "1 2 3",
  "1.5": "!1 2",
  "2.1": "!1 2 3",
  "2.2": "!1 !2 3",
  "2.3": "!1 2 3 4",
  "2.4": "1",
  "3.2": "!1 !2",
  "3.3": "!1 2 3 4",
  "3.4": "!1 !2 3 4 5 6",
  "3.5": "!1 !2 !3 4 5",
  "3.7": "1 2",
  "4.1": "!1 2 3",
  "4.2": "1",
  "4.3": "1 2",
  "4.4": "!1 2 3 4",
  "5.1": "1",
  "5.2": "!1 !2 3",
  "5.3": "!1 !2",
  "5.4": "1 2 3",
  "6.1": "!1 2 3",
  "6.2": "!1 !2 !3 !4 !5 !6 !7 !8 9 10 11 12",
  "6.3": "!1 !2 3 4",
  "6.4": "!1 !2 3 4",
  "6.5": "1 2 3 4 5",
  "6.6": "1 2 3",
  "6.8": "1 2 3 4",
  "7.1": "1 2 3",
  "7.2": "!1 !2 !3 !4",
  "7.3": "1 2",
  "7.4": "!1 !2 3 4 5",
  "7.5": "1 2",
  "7.6": "1 2",
  "8.1": "!1 2",
  "8.2": "!1 !2 3",
  "8.3": "!1",
  "8.4": "1",
  "9.1": "!1 !2 !3",
  "9.2": "!1 2 3 4",
  "10.1": "1 2",
  "10.2": "1 2",
  "10.3": "1 2 3 4",
  "10.4": "!1 !2 !3 !4 !5 6 7 8 9 10 11",
  "10.5": "1 2 3 4 5",
  "10.6": "1 2",
  "10.7": "1 2 3",
  "11.1": "1 2",
  "11.2": "1 2 3",
  "11.3": "!1 !2 3",
  "11.4": "!1 2 3 4",
  "11.5": "1",
  "11.6": "1",
  "12.1": "!1 2 3",
  "12.2": "!1 !2",
  "12.3": "1 2 3 4",
  "13.1": "1",
  "13.2": "1 2 3 4 5",
  "13.3": "1 2",
  "13.4": "!1 2 3 4 5",
  "14.1": "1 2",
  "14.2": "!1 2 3 4",
  "14.3": "!1 2 3",
  "15.1": "!1 2 3",
  "15.2": "!1 2 3",
  "15.3": "!1 2 3 4 5 6 7",
  "16.1": "1",
  "16.2": "1 2 3 4 5",
  "16.3": "1 2 3 4",
  "16.4": "1 2 3",
  "16.5": "1 2 3",
  "17.1": "1",
  "17.2": "1 2 3 4",
  "17.3": "1 2",
};
const expected = Object.entries(numbers).flatMap(([section, list]) =>
  list.split(" ").map((number) => `${section}.${number.replace("!", "")} L${number.startsWith("!") ? 1 : 2}`),
);

interface Row {
  number: string;
  level: string;
  state: string;
  answer: string;
}

const rows: Row[] = [
  ...text.matchAll(/^\| (\d+\.\d+\.\d+) \| (L\d) \| ([^|]+) \| ([^|]+) \| (.+) \|$/gm),
].map(([, number = "", level = "", , state = "", answer = ""]) => ({ number, level, state, answer }));

describe("the security page", () => {
  it("has each requirement of levels 1 and 2 once, in order", () => {
    assert.equal(expected.length, 253);
    assert.deepEqual(
      rows.map(({ number, level }) => `${number} ${level}`),
      expected,
    );
  });

  it("names code or a document for each that is met, and says of the others what is missing or why", () => {
    for (const { number, state, answer } of rows) {
      assert.match(state, /^(met|partly|not met|n\/a)$/, number);
      const links = [...answer.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
      if (state === "partly") assert.ok(answer.split(". ").length > 1 || answer.length > 60, number);
      assert.ok(state !== "met" || links.length > 0 || answer.split(" ").length > 3, `${number}: ${answer}`);
      for (const target of links.filter((one) => !one.startsWith("#"))) {
        const path = join(folder, target.split("#")[0] ?? "");
        assert.ok(existsSync(path), `${number}: ${path}`);
      }
    }
  });

  it("counts the states right", () => {
    const count = (wanted: string) => rows.filter(({ state }) => state === wanted).length;
    const sentence = `${count("met")} are met, ${count("partly")} partly, ${count("not met")} not, and ${count("n/a")} do not apply.`;
    assert.ok(text.includes(sentence), sentence);
  });

  it("has the notices of the code", () => {
    for (const { action, mail } of Object.values(securityNotices)) {
      assert.ok(mailKinds.includes(mail));
      if (action !== null) assert.ok(text.includes(`\`${action}\``), action);
    }
    const section = text.split("## Notices")[1]?.split("\n## ")[0] ?? "";
    const lines = section
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(2);
    assert.equal(lines.length, Object.keys(securityNotices).length);
  });

  it("is right that no script of the pages uses the browser's storage", () => {
    const scripts = readdirSync("public", { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".js"));
    assert.ok(scripts.length > 5);
    for (const name of scripts)
      assert.doesNotMatch(
        readFileSync(join("public", name), "utf8"),
        /localStorage|sessionStorage|indexedDB/,
        name,
      );
  });
});

describe("the threat model", () => {
  const page = "docs/explanation/threat-model.md";
  const model = readFileSync(page, "utf8");
  const sections = model.split(/^## /m).slice(1);
  const protocols = [
    "OpenID Connect",
    "SAML", // SAML
    "SCIM",
    "Universal Logout",
    "Agents and OAuth",
    "Shared signals",
    "Local sign-in",
    "Webhooks",
  ];

  it("has a section for each protocol, with what is attacked and by whom", () => {
    const titles = sections.map((section) => section.split("\n")[0]);
    for (const protocol of protocols) assert.ok(titles.includes(protocol), protocol);
    for (const section of sections.filter((one) => protocols.includes(one.split("\n")[0] ?? "")))
      assert.match(section, /\*\*Assets:\*\*.+\*\*Attackers:\*\*/s);
  });

  it("names code and a test that exist for each threat", () => {
    const threats = model.split("\n").filter((line) => /^\| .+\.test\.ts\)/.test(line));
    const listed = model.split("\n").filter((line) => /^\| [^-]/.test(line) && !line.startsWith("| threat"));
    assert.deepEqual(
      listed.filter((line) => !threats.includes(line)),
      [],
    );
    assert.ok(threats.length > 40);
    for (const line of threats) {
      const targets = [...line.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
      assert.ok(
        targets.some((target) => !target.endsWith(".test.ts")),
        `no code in: ${line}`,
      );
      for (const target of targets) assert.ok(existsSync(join("docs/explanation", target)), target);
    }
  });
});
