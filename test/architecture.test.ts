import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import * as ast from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { productRooms } from "./product.ts";

const protocolRooms = [
  "oidc",
  "saml", // SAML
  "scim",
  "universal-logout",
  "shared-signals",
  "cross-app-access",
  "scim-authorization",
];

/**
 * Which rooms each room may import: docs/explanation/architecture.md as a test. `ground` means the files directly in src/,
 * except the roots. Rooms meet in the directory, in sso and on the ground floor. Only the console, the inspector and
 * the programs may import a protocol room.
 */
const mayImport: Record<string, readonly string[]> = {
  ...productRooms,
  ground: ["ground"],
  trust: ["ground"],
  // The events that the product handles: the others are not written.
  store: ["ground", "config"],
  directory: ["ground", "store"],
  web: ["ground", "directory", "store", "config"],
  admin: ["ground", "trust", "directory", "store", "web", "config", "webhooks", ...protocolRooms],
  scim: ["ground", "directory", "store", "config"],
  sso: ["ground", "trust", "directory", "store", "web", "config"],
  oidc: ["ground", "trust", "directory", "store", "web", "config", "sso"],
  "universal-logout": ["ground", "trust", "directory", "store", "sso"],
  "shared-signals": ["ground", "trust", "directory", "store", "sso"],
  outbox: ["ground", "store", "config"],
  "forward-auth": ["ground", "trust", "store", "web"],
  mail: ["ground", "directory", "store", "config"],
  trail: ["ground", "store"],
  webhooks: ["ground", "trust", "store", "outbox"],
  saml: ["ground", "trust", "directory", "store", "web", "config", "sso"], // SAML
  oauth: ["ground", "trust", "directory", "store", "web", "config"],
  "cross-app-access": ["ground", "trust", "directory", "store", "web", "config", "oauth"],
  "scim-authorization": ["ground", "directory", "store", "web", "oauth"],
  // The protocol rooms' policies, and the context of a sign-in.
  inspector: ["ground", "trust", "store", "web", "config", "sso", "oauth", ...protocolRooms],
  guide: ["ground", "store", "web", "config"],
  cli: ["ground", "trust", "directory", "store", "config", "trail", ...protocolRooms],
  // demo only {
  demo: [
    ...["root", "ground", "trust", "directory", "store", "config"],
    "saml", // SAML
  ],
  // demo only }
};
/** Roots build things and hand them to the rooms, so they may import any room. */
const roots = ["src/server.ts", "src/serve.ts", "src/app.ts", "src/product.ts"];

/** Packages that have an owner: no other room may import them. */
const ownedPackages: Record<string, string | readonly string[]> = {
  knex: "store",
  pg: "store",
  "rate-limiter-flexible": ["scim", "web"],
  "openid-client": ["oidc", "trust"],
  "@node-saml/node-saml": "saml", // SAML
  "@node-saml/passport-saml": "saml", // SAML
  "saml-policy": ["saml", "inspector"], // SAML
  "scim-server": ["scim", "inspector"],
  // The engines in packages/ have these; the application has none of its own.
  "xml-encryption": [],
  "@xmldom/xmldom": [],
  piscina: [],
  scimmy: [],
  helmet: "web",
  "@simplewebauthn/server": "web",
  qr: "web",
  compression: "web",
  "express-session": "web",
  ejs: ["guide", "mail", "web"],
  nodemailer: "mail",
  marked: "guide",
  undici: "trust",
};

interface SourceFile {
  path: string;
  text: string;
  imports: string[];
}

const files = sourceFiles("src");
/** The packages, tools and examples that have sources. */
const workspaces = ["packages", "tools", "examples"]
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((folder) => existsSync(join(folder, "src")));
const everyFile = ["src", "config", ...workspaces.map((folder) => join(folder, "src"))].flatMap(sourceFiles);
const inRooms = files.filter(({ path }) => roomOf(path) !== "root");

describe("architecture", () => {
  it("reads every file in src/ and its imports", () => {
    assert.equal(
      files.length,
      readdirSync("src", { recursive: true }).filter((name) => String(name).endsWith(".ts")).length,
    );
    assert.ok(files.length > 150);
    assert.equal(inRooms.length, files.length - roots.length);
    assert.ok(files.flatMap(({ imports }) => imports).length > 150);
  });

  it("lists exactly the rooms that exist", () => {
    const rooms = new Set(files.map(({ path }) => roomOf(path)).filter((room) => room !== "root"));
    assert.deepEqual(
      [...rooms].filter((room) => !mayImport[room]),
      [],
    );
    const gone = Object.keys(mayImport).filter((room) => !rooms.has(room));
    assert.deepEqual(gone, [], "the table names rooms that are gone");
  });

  it("allows imports of the listed rooms only", () => {
    const wrong = inRooms.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      const allowed = new Set([room, ...(mayImport[room] ?? [])]);
      return imports
        .filter((target) => isLocal(target) && !allowed.has(roomOf(resolve(path, target))))
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  it("allows imports of owned packages in their owner's room only", () => {
    const wrong = inRooms.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      return imports
        .filter((target) => ![ownedPackages[packageOf(target)] ?? room].flat().includes(room))
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  // demo only {
  it("never imports the demo", () => {
    const importers = files.filter(
      ({ path, imports }) =>
        !path.startsWith("src/demo/") && imports.some((target) => target.includes("/demo/")),
    );
    assert.deepEqual(
      importers.map(({ path }) => path),
      [],
    );
  });
  // demo only }

  it("reads process.env in src/environment.ts only", () => {
    const readers = files.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
    assert.deepEqual(readers, ["src/environment.ts"]);
  });

  it("filters by tenant_id in the tenant scope only", () => {
    const tenantFiles = files.filter(
      ({ path }) => path.startsWith("src/store/tenant/") && !path.endsWith("/scope.ts"),
    );
    assert.ok(tenantFiles.length >= 8);
    const naming = tenantFiles
      .filter(({ text }) => /where[^\n]*tenant_id/i.test(text))
      .map(({ path }) => path);
    assert.deepEqual(naming, []);
    const reaching = tenantFiles.filter(({ text }) => /database\.sql\(/.test(text)).map(({ path }) => path);
    assert.deepEqual(reaching, []);
  });

  it("keeps migrations independent of src/, so that changes there never break them", () => {
    const migrations = sourceFiles("migrations");
    assert.ok(migrations.length >= 9);
    assert.deepEqual(
      migrations.flatMap(({ imports }) => imports).filter((target) => target.includes("src/")),
      [],
    );
  });

  it("keeps logic out of config/", () => {
    const importing = sourceFiles("config").flatMap(({ imports }) =>
      imports.filter((target) => isLocal(target) && !target.startsWith("./")),
    );
    assert.deepEqual(importing, []);
  });

  // Object spread is allowed. But on Node 20, `{ ...a, b }` takes microseconds and `{ b, ...a }` nanoseconds: in code that
  // runs for each request or message, write the members out or put the spread last (docs/decisions/0039).
  it("has no file of more than 400 lines", () => {
    const long = everyFile.filter(({ text }) => text.split("\n").length > 401);
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });

  it("opens each room with a header of at most 12 lines that says what it owns and imports", () => {
    for (const room of Object.keys(mayImport).filter((name) => name !== "ground")) {
      const headers = files
        .filter(({ path }) => roomOf(path) === room)
        .map(({ text }) => /^\/\*\*\n([\s\S]*?)\*\//.exec(text)?.[1] ?? "")
        .filter((header) => /import/i.test(header));
      assert.ok(headers.length >= 1, `${room} has no header`);
      for (const header of headers)
        assert.ok(header.trimEnd().split("\n").length <= 12, `${room}: the header is too long`);
    }
  });
});

describe("imports between src/, packages/, tools/ and examples/", () => {
  it("have no circle, not even of types", () => {
    const graph = importGraph();
    const edges = [...graph.values()].flat();
    assert.ok(edges.length > 1_000, `${edges.length} imports`);
    assert.ok(edges.some((path) => path.startsWith("packages/")));
    assert.ok(edges.some((path) => path.startsWith("tools/")));
    assert.ok(edges.some((path) => path.startsWith("examples/")));
    assert.deepEqual(circles(graph), []);
  });

  it("would show a circle", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["b", "d"]],
    ]);
    assert.deepEqual(circles(graph), ["b → c → b"]);
  });
});

describe("declarations in src/, config/, packages/, tools/ and examples/", () => {
  const types = new Map<string, string[]>();
  const longParameterLists: string[] = [];
  let functions = 0;

  before(function () {
    this.timeout(60_000);
    forEachNode((node, file, path) => {
      if ("parameters" in node && Array.isArray(node.parameters)) {
        functions += 1;
        if (node.parameters.length >= 5) {
          const line = file.text.slice(0, node.getStart(file)).split("\n").length;
          longParameterLists.push(`${path}:${line}`);
        }
      }
      const name = exportedTypeName(node);
      if (name !== null) types.set(name, [...(types.get(name) ?? []), path]);
    });
  });

  it("give each exported type a name of its own", () => {
    assert.ok(types.size > 300, `${types.size} exported types`);
    const shared = [...types].filter(([, paths]) => paths.length > 1);
    assert.deepEqual(
      shared.map(([name, paths]) => `${name}: ${paths.join(", ")}`),
      [],
    );
  });

  it("include at most 5 functions with five or more parameters", () => {
    assert.ok(functions > 3_000, `${functions} functions`);
    assert.ok(longParameterLists.length <= 5, `\n${longParameterLists.join("\n")}`);
  });
});

/** The files that each file imports, also from other workspaces. */
function importGraph(): Map<string, string[]> {
  const byPath = new Map(everyFile.map((file) => [file.path, file]));
  const folderOf = new Map(workspaces.map((folder) => [manifestOf(folder).name, folder]));
  const targetOf = (from: string, target: string): string[] => {
    if (isLocal(target)) return [resolve(from, target)];
    const name = packageOf(target);
    const folder = folderOf.get(name);
    if (folder === undefined) return [];
    const { exports = {} } = manifestOf(folder);
    const subpath = `.${target.slice(name.length)}`;
    const exported = exports[subpath] ?? exports["./*"]?.replace("*", subpath.slice("./".length));
    assert.ok(exported, `${from} imports ${target}, which ${folder} does not export`);
    return [normalize(join(folder, exported))];
  };
  return new Map(
    [...byPath].map(([path, { imports }]) => [
      path,
      imports.flatMap((target) => targetOf(path, target)).filter((target) => byPath.has(target)),
    ]),
  );
}

/** The circles that a depth-first search finds: "a → b → a". None if and only if the graph has none. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, above: readonly string[]) => {
    if (above.includes(path)) found.push([...above.slice(above.indexOf(path)), path].join(" → "));
    else if (!finished.has(path)) {
      for (const target of graph.get(path) ?? []) visit(target, [...above, path]);
      finished.add(path);
    }
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function forEachNode(see: (node: ast.Node, file: ast.SourceFile, path: string) => void): void {
  const root = process.cwd();
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, "tsconfig.json")] });
    const program = snapshot.getProjects()[0]?.program;
    for (const { path } of everyFile) {
      const file = program?.getSourceFile(join(root, path));
      assert.ok(file, path);
      const visit = (node: ast.Node) => {
        see(node, file, path);
        // A callback that returns a value would end the walk.
        node.forEachChild((child) => {
          visit(child);
        });
      };
      visit(file);
    }
  } finally {
    api.close();
  }
}

function exportedTypeName(node: ast.Node): string | null {
  const isType =
    ast.isInterfaceDeclaration(node) || ast.isTypeAliasDeclaration(node) || ast.isClassDeclaration(node);
  if (!isType || !node.name) return null;
  const isExported = node.modifiers?.some(({ kind }) => kind === ast.SyntaxKind.ExportKeyword);
  return isExported ? node.name.text : null;
}

function manifestOf(folder: string): { name: string; exports?: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string };
}

function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(path, "utf8");
      const imports = [
        ...text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"|^import "([^"]+)"|import\("([^"]+)"\)/gm),
      ];
      return { path, text, imports: imports.map(([, a, b, c]) => a ?? b ?? c ?? "") };
    });
}

/** "@scope/name/part" → "@scope/name"; "name/part" → "name". */
function packageOf(target: string): string {
  return target.split("/", target.startsWith("@") ? 2 : 1).join("/");
}

function isLocal(target: string): boolean {
  return target.startsWith(".");
}

function resolve(from: string, target: string): string {
  return normalize(join(dirname(from), target));
}

function roomOf(path: string): string {
  if (roots.includes(path)) return "root";
  const [top, room, inside] = path.split("/");
  if (top !== "src") return top ?? "";
  return inside === undefined ? "ground" : (room ?? "");
}
