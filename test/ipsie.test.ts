import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "docs/reference";
const text = readFileSync(`${folder}/ipsie.md`, "utf8");
const levels = ["SL1", "SL2", "SL3", "AL1", "AL2", "AL3"];

interface Requirement {
  level: string;
  name: string;
  state: string;
  where: string;
  proof: string;
}

/** The rows of each level's table. */
const requirements: Requirement[] = text
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const level = section.slice(0, 3);
    const rows = section.split("\n").filter((line) => line.startsWith("| "));
    return rows.slice(2).map((row) => {
      const [name = "", state = "", where = "", proof = ""] = row.slice(2, -2).split(" | ");
      return { level, name, state, where, proof };
    });
  });

/** The titles of a file's tests. A template that begins with words may have any others where it has a value. */
function titlesIn(path: string): RegExp[] {
  const titles = [...readFileSync(path, "utf8").matchAll(/\bit\((?:"([^"\n]+)"|`(\w+ \w+ [^`\n]+)`)/g)];
  return titles.map(([, plain = "", template = plain]) => {
    const parts = template.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".+")}$`);
  });
}

describe("the IPSIE page", () => {
  it("has requirements of every level, and says of each whether it is met", () => {
    assert.deepEqual([...new Set(requirements.map(({ level }) => level))], levels);
    for (const { name, state, where } of requirements) {
      assert.match(state, /^(met|deviation)$/, name);
      assert.ok(where.length > 5, name);
    }
  });

  for (const { level, name, state, proof } of requirements) {
    if (state === "deviation") {
      it(`${level}: gives the reason of a deviation: ${name}`, () => {
        assert.ok(proof.split(" ").length > 5, proof);
      });
      continue;
    }
    it(`${level}: names a test that exists: ${name}`, () => {
      const links = [...proof.matchAll(/\[(.+?)\]\(([^)]+\.test\.ts)\)/g)];
      assert.ok(links.length > 0, `no test in: ${proof}`);
      for (const [, title = "", target = ""] of links) {
        const path = join(folder, target);
        assert.ok(existsSync(path), path);
        assert.ok(
          titlesIn(path).some((pattern) => pattern.test(title)),
          `${path} has no test "${title}"`,
        );
      }
    });
  }
});
