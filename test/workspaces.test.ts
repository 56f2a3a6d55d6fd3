import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";

/** Folders of src/ that the running server never loads. */
const programs = [
  "src/cli/",
  "src/demo/", // demo only
];

/** Other files of src/ that no import of the server reaches. */
const exceptions = [
  "src/ejs.d.ts", // types for a package that has none
  "src/store/backup.ts", // for `admin -- backup`
  "src/trail/verify.ts", // for `admin -- activity verify`
];

/** The packages that the application runs on; everything else in packages/, tools/ and examples/ is for development. */
const runtimePackages = [
  ...["okta-labels", "policy-list", "scim-server"],
  "saml-policy", // SAML
];

const packages = readdirSync("packages").map((name) => join("packages", name));
const tools = readdirSync("tools").map((name) => join("tools", name));
const examples = readdirSync("examples").map((name) => join("examples", name));

describe("the application without its tools", () => {
  const sources = typescriptIn("src");

  it("consists of files that src/server.ts reaches, apart from the programs", () => {
    const reached = reachedFrom("src/server.ts");
    assert.ok(reached.size > 150, "the test followed the imports");
    const unreached = sources.filter(
      (path) => !reached.has(path) && !programs.some((folder) => path.startsWith(folder)),
    );
    assert.deepEqual(unreached, exceptions);
    for (const folder of programs) assert.ok(sources.some((path) => path.startsWith(folder)));
  });

  it("imports only from src/ and config/, and never from the programs", () => {
    const reached = [...reachedFrom("src/server.ts")];
    const wrong = reached.filter(
      (path) => !/^(src|config)\//.test(path) || programs.some((folder) => path.startsWith(folder)),
    );
    assert.deepEqual(wrong, []);
  });

  // Agents brought some 5,000 lines to the former limit of 23,500; traces, figures and the set-up in steps another 4,300; shared
  // signals, OAuth for SCIM and step-up 7,000; e-mail, invitations, API keys, webhooks and the seams of a product 4,200; second
  // steps, seals over the activity, several organisations in a browser and former keys 3,700.
  it("has at most 48,700 lines in src/", () => {
    const lines = sources.map((path) => readFileSync(path, "utf8").split("\n").length - 1);
    const all = lines.reduce((sum, one) => sum + one, 0);
    assert.ok(all <= 48_700, `${all} lines`);
  });

  // Type imports are allowed in config/: they are erased at run time.
  it("imports no package of this repository except these", () => {
    const names = [...packages, ...tools, ...examples]
      .map((folder) => manifestOf(folder).name)
      .filter((name) => !runtimePackages.includes(name));
    const wrong = [...sources, ...typescriptIn("config"), ...typescriptIn("migrations")].filter((path) => {
      if (path.startsWith("src/demo/")) return false; // demo only
      const imports = importsOf(path).filter(({ isType }) => path.startsWith("src/") || !isType);
      return imports.some(({ target }) => names.includes(packageOf(target)));
    });
    assert.deepEqual(wrong, []);
  });

  // demo only {
  it("imports the demo's pages in one file of the launcher, which the pages do not import", () => {
    const importsPages = (path: string) =>
      importsOf(path).some(({ target }) => packageOf(target) === manifestOf("tools/demo").name);
    assert.deepEqual(sources.filter(importsPages), ["src/demo/app-server.ts"]);
    const reached = typescriptIn("tools/demo/src").flatMap((path) => [...reachedFrom(path)]);
    assert.ok(reached.includes("src/demo/tenants.ts"));
    assert.deepEqual(reached.filter(importsPages), []);
  });
  // demo only }
});

for (const folder of packages) {
  describe(folder, () => {
    const { name, private: isPrivate, dependencies, devDependencies, files, bin = {} } = manifestOf(folder);
    const own = [...typescriptIn(join(folder, "src")), ...filesIn(join(folder, "bin"))];

    it("imports only its own files and its declared dependencies", () => {
      assert.ok(own.length > 0);
      for (const path of own) assertDeclared(path, folder, [name, ...Object.keys(dependencies)]);
      for (const path of typescriptIn(join(folder, "test")))
        assertDeclared(path, folder, [name, ...Object.keys({ ...dependencies, ...devDependencies })]);
    });

    it("is private, has a README of one page, and packs only its programs and sources", () => {
      assert.equal(isPrivate, true);
      const page = readFileSync(join(folder, "README.md"), "utf8").split("\n");
      assert.ok(page.length > 10 && page.length <= 60, `${page.length} lines`);
      assert.ok(files.includes("src") && !files.some((file) => /test|\.\./.test(file)));
      for (const path of [...files, ...Object.values(bin)]) assert.ok(existsSync(join(folder, path)), path);
      assert.deepEqual(
        filesIn(join(folder, "src")).filter((path) => /\.test\.|fixtures/.test(path)),
        [],
      );
    });
  });
}

for (const folder of [...tools, ...examples]) {
  describe(folder, () => {
    it("is private, and declares every package that it imports", () => {
      const { name, private: isPrivate, dependencies } = manifestOf(folder);
      assert.equal(isPrivate, true);
      assert.ok(existsSync(join(folder, "README.md")));
      for (const path of typescriptIn(join(folder, "src"))) {
        const imports = importsOf(path).filter(({ target }) => !/^(\.|node:)/.test(target));
        for (const { target } of imports)
          assert.ok([name, ...Object.keys(dependencies)].includes(packageOf(target)), `${path}: ${target}`);
      }
    });
  });
}

interface Manifest {
  name: string;
  private: boolean;
  files: string[];
  bin?: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function assertDeclared(path: string, folder: string, declared: readonly string[]): void {
  for (const { target } of importsOf(path)) {
    if (target.startsWith(".")) {
      assert.ok(resolved(path, target).startsWith(`${folder}/`), `${path} imports ${target}`);
    } else if (!target.startsWith("node:") && !builtinModules.includes(target)) {
      assert.ok(declared.includes(packageOf(target)), `${path} imports ${target}, which is not declared`);
    }
  }
}

function reachedFrom(start: string): Set<string> {
  const reached = new Set<string>();
  const queue = [start];
  for (const path of queue) {
    if (reached.has(path)) continue;
    reached.add(path);
    const local = importsOf(path).filter(({ target }) => target.startsWith("."));
    queue.push(...local.map(({ target }) => resolved(path, target)));
  }
  return reached;
}

function importsOf(path: string): { target: string; isType: boolean }[] {
  const found = readFileSync(path, "utf8").matchAll(
    /^(?:import|export)\b(?<type> type\b)?[^;]*?from "(?<from>[^"]+)"|^import "(?<bare>[^"]+)"|import\("(?<late>[^"]+)"\)/gm,
  );
  return [...found].map(({ groups = {} }) => ({
    target: groups.from ?? groups.bare ?? groups.late ?? "",
    isType: groups.type !== undefined,
  }));
}

/** "@scope/name/part" → "@scope/name"; "name/part" → "name". */
function packageOf(target: string): string {
  return target.split("/", target.startsWith("@") ? 2 : 1).join("/");
}

function resolved(from: string, target: string): string {
  return normalize(join(dirname(from), target));
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

function typescriptIn(folder: string): string[] {
  return filesIn(folder).filter((path) => path.endsWith(".ts"));
}
