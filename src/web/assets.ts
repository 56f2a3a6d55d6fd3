/**
 * The files of public/, and brand.css, under names with a hash of their content. Browsers keep them for a year, and a page
 * always gets the files that it was written for. They are read at the start, and compressed when a browser first asks for
 * them (docs/decisions/0047).
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import type { RequestHandler } from "express";
import { brand } from "../../config/brand.ts";

interface AssetFile {
  /** Like "app.3f9c81d2a0b4.css". */
  hashedName: string;
  body: Buffer;
  /** Null for a file that would not get smaller. */
  compressed: { br: () => Promise<Buffer>; gzip: () => Promise<Buffer> } | null;
}

const publicFolder = fileURLToPath(new URL("../../public/", import.meta.url));
const isText = (name: string) => /\.(css|js|svg|json)$/.test(name);
/** The other files that a file names, relative to itself: imports of a script, fonts and pictures of a stylesheet. */
const references = /(?<=\b(?:from|import) ?\(?")\.{1,2}\/[^"]+(?=")|(?<=\burl\(")(?!data:|\/)[^"#]+(?="\))/g;

const [compressBrotli, compressGzip] = [promisify(brotliCompress), promisify(gzip)];

const files = readAssets(publicFolder, { "brand.css": brandStyles() });
const byHashedName = new Map([...files.values()].map((file) => [file.hashedName, file]));

/** The URL of a file in public/, or of brand.css. */
export function asset(name: string): string {
  const file = files.get(name);
  if (!file) throw new Error(`public/ has no ${name}`);
  return `/assets/${file.hashedName}`;
}

/**
 * Serves the assets. An unknown hash is not found, so that the page of an older version never gets newer styles. The plain
 * names answer, too, for people and tools that know no hash.
 */
export function assets(): RequestHandler {
  return async (req, res, next) => {
    const name = req.path.slice(1);
    const hashed = byHashedName.get(name);
    const file = hashed ?? files.get(name);
    if (!file || (req.method !== "GET" && req.method !== "HEAD")) return next();
    res.type(posix.extname(name)).set({
      "Cache-Control": hashed ? "public, max-age=31536000, immutable" : "public, max-age=300",
      ETag: `W/"${file.hashedName}"`,
    });
    if (!file.compressed) return void res.send(file.body);
    res.vary("Accept-Encoding");
    const encoding = req.acceptsEncodings("br", "gzip", "identity");
    if (encoding !== "br" && encoding !== "gzip") return void res.send(file.body);
    const body = await file.compressed[encoding]();
    res.set("Content-Encoding", encoding).send(body);
  };
}

/** The brand's colours as CSS, to load after tokens.css. */
export function brandStyles(): string {
  const { light, dark, onLight, onDark } = brand.accent;
  return `:root { --accent: light-dark(${light}, ${dark}); --on-accent: light-dark(${onLight}, ${onDark}); }\n`;
}

/** Reads the files of a folder by their plain names, and those that are generated. Throws if a file names one that is missing. */
export function readAssets(folder: string, generated: Record<string, string>): Map<string, AssetFile> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => posix.relative(folder, posix.join(parentPath, name)));
  const sources = new Map(names.map((name) => [name, readFileSync(posix.join(folder, name))]));
  for (const [name, text] of Object.entries(generated)) sources.set(name, Buffer.from(text));
  const read = new Map<string, AssetFile>();
  for (const name of sources.keys()) readFile(name, sources, read);
  return read;
}

/** Reads a file after those that it names, because their hashes are part of its content. Throws for a circle. */
function readFile(
  name: string,
  sources: Map<string, Buffer>,
  read: Map<string, AssetFile>,
  trail: readonly string[] = [],
): AssetFile {
  const known = read.get(name);
  if (known) return known;
  const source = sources.get(name);
  if (!source || trail.includes(name)) throw new Error(`public/: ${[...trail, name].join(" → ")}`);
  const body = /\.(css|js)$/.test(name)
    ? Buffer.from(
        source.toString().replace(references, (reference) => {
          const target = posix.join(posix.dirname(name), reference);
          const { hashedName } = readFile(target, sources, read, [...trail, name]);
          const path = posix.relative(posix.dirname(name), hashedName);
          return path.startsWith(".") ? path : `./${path}`;
        }),
      )
    : source;
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 12);
  const extension = posix.extname(name);
  const file = {
    hashedName: `${name.slice(0, -extension.length)}.${hash}${extension}`,
    body,
    compressed: isText(name)
      ? { br: once(() => compressBrotli(body)), gzip: once(() => compressGzip(body, { level: 9 })) }
      : null,
  };
  read.set(name, file);
  return file;
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
