import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/**
 * Who may import whom: docs/explanation/architecture.md in a form that fails. `ground` is what lies directly in src/
 * besides the roots; a root builds things and hands them down, so it may import any room. The demo is one around them.
 */
const mayImport: Record<string, readonly string[]> = {
  ground: ["ground"],
  trust: ["ground"],
  store: ["ground"],
  directory: ["ground", "store"],
  web: ["ground", "directory", "store", "config"],
  tasks: ["ground", "store", "web"], // sample product
  admin: ["ground", "trust", "directory", "store", "web", "config"],
  scim: ["ground", "directory", "store", "config"],
  sso: ["ground", "directory", "store", "web", "config"],
  oidc: ["ground", "trust", "directory", "store", "web", "config", "sso"],
  "universal-logout": ["ground", "trust", "directory", "store"],
  saml: ["ground", "trust", "directory", "store", "web", "config", "sso"],
  // The protocol rooms' policies, and the context of a sign-in.
  inspector: ["ground", "store", "web", "config", "sso", "oidc", "saml", "universal-logout"],
  guide: ["ground", "store", "web", "config"],
  cli: ["ground", "trust", "directory", "store", "oidc", "saml"],
  demo: ["root", "ground", "trust", "directory", "store", "saml", "config"],
};
const roots = ["src/server.ts", "src/serve.ts", "src/app.ts"];

/** Packages that only these rooms may import. */
const ownedPackages: Record<string, string | readonly string[]> = {
  knex: "store",
  pg: "store",
  "rate-limiter-flexible": "scim",
  "openid-client": "oidc",
  "@node-saml/node-saml": "saml",
  "@node-saml/passport-saml": "saml",
  "xml-encryption": "saml",
  piscina: "saml",
  "@xmldom/xmldom": "saml",
  scimmy: "scim",
  helmet: "web",
  "express-session": "web",
  ejs: "guide",
  marked: "guide",
  undici: "trust",
};

interface SourceFile {
  path: string;
  text: string;
  imports: string[];
}

const files = sourceFiles("src");
/** The roots may import any room and package. */
const inRooms = files.filter(({ path }) => roomOf(path) !== "root");

describe("architecture", () => {
  it("has read every file in src, and found their imports", () => {
    assert.equal(
      files.length,
      readdirSync("src", { recursive: true }).filter((name) => String(name).endsWith(".ts")).length,
    );
    assert.ok(files.length > 150);
    assert.equal(inRooms.length, files.length - roots.length);
    assert.ok(files.flatMap(({ imports }) => imports).length > 150);
  });

  it("knows every room", () => {
    const rooms = new Set(files.map(({ path }) => roomOf(path)).filter((room) => room !== "root"));
    assert.deepEqual(
      [...rooms].filter((room) => !mayImport[room]),
      [],
    );
    const gone = Object.keys(mayImport).filter((room) => !rooms.has(room));
    assert.deepEqual(gone, [], "the table names rooms that are gone");
  });

  it("lets each file import only the rooms that its own may", () => {
    const wrong = inRooms.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      const allowed = new Set([room, ...(mayImport[room] ?? [])]);
      return imports
        .filter((target) => isLocal(target) && !allowed.has(roomOf(resolve(path, target))))
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  it("lets each file import only the packages that its room may", () => {
    const stolen = inRooms.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      return imports
        .filter((target) => ![ownedPackages[target] ?? room].flat().includes(room))
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(stolen, []);
  });

  it("imports the demo from nowhere else", () => {
    const importers = files.filter(
      ({ path, imports }) =>
        !path.startsWith("src/demo/") && imports.some((target) => target.includes("/demo/")),
    );
    assert.deepEqual(
      importers.map(({ path }) => path),
      [],
    );
  });

  it("reads the process environment in src/environment.ts alone", () => {
    const readers = files.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
    assert.deepEqual(readers, ["src/environment.ts"]);
  });

  it("names the tenant column of a tenant's own table in the scope alone", () => {
    const tenantFiles = files.filter(
      ({ path }) => path.startsWith("src/store/tenant/") && !path.endsWith("/scope.ts"),
    );
    assert.ok(tenantFiles.length >= 8);
    // connections.ts reads the column for the system store, which is asked whose a key is.
    const naming = tenantFiles
      .filter(({ text }) => /where[^\n]*tenant_id/i.test(text))
      .map(({ path }) => path);
    assert.deepEqual(naming, []);
    const reaching = tenantFiles.filter(({ text }) => /database\.sql\(/.test(text)).map(({ path }) => path);
    assert.deepEqual(reaching, []);
  });

  it("keeps migrations free of src, so that they stay true when it changes", () => {
    const migrations = sourceFiles("migrations");
    assert.ok(migrations.length >= 9);
    assert.deepEqual(
      migrations.flatMap(({ imports }) => imports).filter((target) => target.includes("src/")),
      [],
    );
  });

  it("keeps configuration data free of logic's rooms", () => {
    const importing = sourceFiles("config").flatMap(({ imports }) =>
      imports.filter((target) => isLocal(target) && !target.startsWith("./")),
    );
    assert.deepEqual(importing, []);
  });

  it("has no file of more than 250 lines", () => {
    const long = [...files, ...sourceFiles("config")].filter(({ text }) => text.split("\n").length > 251);
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });

  // On Node 20 an object that begins with a spread and has more members costs several hundred times what it costs without.
  it("spreads no object literal into another", () => {
    const spreading = [...files, ...sourceFiles("config")].filter(({ text }) => text.includes("...{"));
    assert.deepEqual(
      spreading.map(({ path }) => path),
      [],
    );
  });

  it("opens each room with a header of at most 12 lines of what it owns and may import", () => {
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
