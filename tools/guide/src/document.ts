import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { brand } from "../../../config/brand.ts";
import { escapeHtml, type GuideHtml } from "../../../src/guide/html.ts";
import { brandStyles } from "../../../src/web/assets.ts";
import { fileUrl } from "./files.ts";

const publicFile = (name: string) => readFileSync(fileUrl(`public/${name}`), "utf8");

/**
 * A self-contained page to open from a disk, publish on a website or print. It embeds the styles, the logo and the script of
 * the copy buttons; only pictures are separate files. A guide is printed in two columns; the package has too wide tables.
 */
export function standalonePage({ title, html }: GuideHtml, kind: "guide" | "package" = "guide"): string {
  const { productName, logo } = brand;
  const styles = ["tokens.css", "document.css", "guide.css"].map(publicFile).join("\n") + brandStyles();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${styles}</style>
</head>
<body>
<header class="masthead"><img src="${dataUrl(logo)}" alt="" width="32" height="32">${escapeHtml(productName)}</header>
<main>
<article class="guide${kind === "package" ? " package" : ""}">
${html}</article>
</main>
<script type="module">
${publicFile("copy.js")}</script>
</body>
</html>
`;
}

function dataUrl(file: string): string {
  const type = extname(file) === ".svg" ? "image/svg+xml" : `image/${extname(file).slice(1)}`;
  const bytes = readFileSync(fileUrl(`public/${file}`));
  return `data:${type};base64,${bytes.toString("base64")}`;
}
