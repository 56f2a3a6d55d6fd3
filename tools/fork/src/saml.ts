import type { ForkedFiles } from "./files.ts";
import { isIn, resolved, withoutLinks, withoutMarked, withoutPaths } from "./marks.ts";
import { testsOfSaml } from "./saml-tests.ts";
import { isHistory } from "./words.ts";

/** Files and folders that only SAML uses. Its migrations stay: a fork's database has them. */
export const ownedBySaml = [
  ...testsOfSaml,
  "docs/explanation/pictures/saml-sign-in.svg",
  "docs/explanation/saml.md",
  "docs/guides/images/connection-saml.png",
  "docs/guides/images/okta-sign-on-saml.png",
  "docs/guides/providers",
  "docs/guides/saml.html",
  "docs/guides/saml.md",
  "docs/guides/saml.pdf",
  "examples/existing-app/src/saml.ts",
  "packages/saml-policy",
  "src/admin/saml-actions.ts",
  "src/admin/saml-form.ts",
  "src/admin/saml-keys.ts",
  "src/cli/connection-saml.ts",
  "src/cross-app-access/saml-naming.ts",
  "src/demo/saml.ts",
  "src/inspector/describe/saml-summary.ts",
  "src/inspector/describe/saml-xml.ts",
  "src/inspector/describe/saml.ts",
  "src/saml",
  "src/trust/signing-certificates.ts",
  // The peers are compared with SAML sign-ins.
  "tools/bench/peers",
  "tools/bench/src/node-saml.ts",
  "tools/bench/src/part-saml.ts",
  "tools/demo/src/guided/saml.ts",
  "tools/demo/src/story/saml.ts",
  "tools/fuzz/src/saml.ts",
  "tools/guide/src/attribute-statements.ts",
  "tools/guide/src/providers.ts",
  "tools/guide/src/saml-flow.ts",
  "tools/walks/src/saml.ts",
  "views/guide/provider.md.ejs",
  "views/guide/saml.md.ejs",
  "views/partials/certificate-list.ejs",
  "views/partials/our-certificate.ejs",
  "views/partials/own-app-saml.ejs",
  "views/partials/set-up-certificates.ejs",
  "views/partials/set-up-saml.ejs",
];

/**
 * Where a fork without SAML may still name it. Okta and its catalog have SAML for other products: its simulator, the kit for
 * submissions, and the labels describe that.
 */
const mayNameSaml = [
  "UPGRADING.md",
  "docs/explanation/stand-in.md",
  "docs/how-to/check-readiness.md",
  "docs/reference/readiness-rules.md",
  "migrations",
  "packages/oin-kit",
  "packages/okta-labels",
  "packages/okta-stand-in",
  // Tests of the stand-in's pages, and of any package as the catalog wants it.
  "test/demo/pages.test.ts",
  "test/helpers/catalog-app.ts",
  "test/helpers/okta-labels.ts",
];

/**
 * Names of other things: the format of a subject, on which a rule of the application depends (RFC 9493 §3.2.5), and this
 * tool's test.
 */
const namesOfOthers = /"saml-nameid"|"tools\/fork\/test\/saml\.test\.ts"/;

/** Packages that are installed for SAML alone, by the manifest that names them. */
const packages: readonly (readonly [path: RegExp, name: RegExp])[] = [
  [/./, /^(?:saml-policy|samlp|@node-saml\/.*)$/],
  [/^package\.json$/, /^(?:@xmldom\/xmldom|xml-crypto|xml-encryption)$/],
  [/^examples\/existing-app\//, /^policy-list$/],
  [/^tools\/demo\//, /^guide-writer$/],
];

/** Words, in all text, so that a page and its test change alike. */
const words: readonly (readonly [pattern: RegExp, word: string])[] = [
  [/\b(OIDC|OpenID Connect)(?: or|,? and) SAML\b(?! 2)/g, "$1"],
  [/\bSAML (?:or|and) (?=OIDC\b|OpenID Connect\b)/g, ""],
  [/, SAML(?= (?:and|or) )/g, ""],
  [/(?<!For )\bSAML, /g, ""],
];

/** Other places that are neither lines nor sentences, by file. */
const places: readonly (readonly [path: RegExp, pattern: RegExp, text: string])[] = [
  [/^Dockerfile$/, /^COPY packages\/saml-policy.*\n| --workspace=packages\/saml-policy/gm, ""],
  [/^\.dockerignore$/, /^!packages\/saml-policy\n/gm, ""],
  [/command-line\.md$/, / \[--saml-unsolicited on\\\|off\]|"samlUnsolicited",|\\\|saml(?=[ `])/g, ""],
  [/submit-to-the-oin\.md$/, /(?:\||,)saml(?=[|,])|^ {2}saml:\n/gm, ""],
  [/\.md$/, /^\| `saml[-`].*\n/gm, ""],
  [/^renovate\.json$/, /^ *"@node-saml\/\*",\n/gm, ""],
  [/\/nginx\.conf$/, /\|saml(?=\|)/g, ""],
  [/\/Caddyfile$/, / \/saml\/\*/g, ""],
  [/^views\/guide\/reasons\.md\.ejs$/, /; saml: .*$|, saml-[\w-]+/gm, ""],
];

/** Files of JSON whose members name packages, workspaces or pictures. */
const manifests = /(?:^|\/)package\.json$|^knip\.json$|^docs\/guides\/.*\.json$/;

/**
 * Removes SAML: its room, its policy, its guides, its tests and its words. Columns and tables stay. After the first time, if no
 * file of SAML came back by a merge, only marked lines go: words and packages are the fork's own.
 */
export function removeSaml(tree: ForkedFiles, isRepeated: boolean): void {
  if (isRepeated && !tree.files().some((path) => isIn(ownedBySaml, path))) {
    for (const path of tree.files())
      if (!isHistory(path)) tree.edit(path, (text) => withoutMarked(text, "SAML"), "lines of SAML");
    return;
  }
  for (const path of ownedBySaml) tree.remove(path, "SAML");
  for (const path of tree.files())
    if (!isHistory(path)) tree.edit(path, (text) => withoutSaml(path, text), "lines of SAML");
  for (const path of tree.files().filter((one) => manifests.test(one)))
    if (!mayName(path)) tree.edit(path, (text) => withoutPackages(path, text), "packages of SAML");
}

/** The files that still speak of SAML. */
export function samlLeftOver(tree: ForkedFiles): string[] {
  return tree.files().filter((path) =>
    tree
      .read(path)
      .split("\n")
      .some((line) => saysSaml(path, line)),
  );
}

/** Whether a line of a file that stays speaks of SAML. */
export const saysSaml = (path: string, line: string): boolean =>
  !isHistory(path) && !mayName(path) && /saml/i.test(line) && !namesOfOthers.test(line);

/** A file that stays, without the lines of SAML. */
export function withoutSaml(path: string, text: string): string {
  if (mayName(path)) return withoutMarked(text, "SAML");
  let result = withoutListed(withoutPaths(withoutMarked(text, "SAML"), ownedBySaml));
  if (path.endsWith(".md"))
    result = withoutLinks(result, (target) => isIn(ownedBySaml, resolved(path, target.replace(/#.*/, ""))));
  for (const [pattern, word] of words) result = result.replaceAll(pattern, word);
  for (const [where, pattern, word] of places)
    if (where.test(path)) result = result.replaceAll(pattern, word);
  if (result === text) return text;
  if (path.endsWith(".json")) return result.replaceAll(/,(\s*[\]}])/g, "$1");
  return path.endsWith(".md") ? result.replaceAll(/\n{3,}/g, "\n\n").replace(/\n+$/, "\n") : result;
}

const mayName = (path: string): boolean => isIn(mayNameSaml, path);

/** Without the paths of files that are gone, in lists on one line. */
function withoutListed(text: string): string {
  const without = (part: string, path: string) => (isIn(ownedBySaml, path) ? "" : part);
  return text.replaceAll(/"([\w@./-]+)", /g, without).replaceAll(/, "([\w@./-]+)"/g, without);
}

type Json = Record<string, unknown>;

/** A manifest without the packages, the exports, the workspaces and the pictures of SAML. */
export function withoutPackages(path: string, text: string): string {
  const folder = path.replace(/[^/]*$/, "");
  const isGone = (name: string, value: unknown) =>
    packages.some(([where, pattern]) => where.test(path) && pattern.test(name)) ||
    isIn(ownedBySaml, name) ||
    isIn(ownedBySaml, folder + name) ||
    (typeof value === "string" && value.startsWith("./") && isIn(ownedBySaml, folder + value.slice(2)));
  const kept = (value: unknown): unknown =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value as Json).flatMap(([name, one]) =>
            isGone(name, one) ? [] : [[name, kept(one)]],
          ),
        )
      : value;
  let result = `${JSON.stringify(kept(JSON.parse(text)), null, 2)}\n`;
  for (const [pattern, word] of words) result = result.replaceAll(pattern, word);
  return JSON.stringify(JSON.parse(text)) === JSON.stringify(JSON.parse(result)) ? text : result;
}
