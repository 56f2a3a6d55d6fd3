import type { ForkedFiles } from "./files.ts";
import { ForkError, type ForkRecord } from "./options.ts";
import { isHistory } from "./words.ts";

/** The names of the starter, which a merge of a later version brings again. */
const starter = {
  name: "Tasklane",
  slug: "tasklane",
  package: "oin-saas-starter",
  apiKeyPrefix: "tkl_",
} as const;

/** Gives the product its name: in config/, in the package, in the logo, and in each text that says the starter's. */
export function changeBrand(tree: ForkedFiles, { name, slug }: ForkRecord, record: ForkRecord | null): void {
  const former = record ?? { name: starter.name, slug: starter.slug };
  tree.edit(
    "config/brand.ts",
    (text) => withBrand(text, name, slug, former.slug),
    "name, slug, support addresses",
  );
  const address = addressOf(former.slug, slug);
  tree.edit("config/integration.ts", address, "contact of an escalation");
  tree.edit(
    "public/logo.svg",
    (text) => text.replace(/<title>.*?<\/title>/, `<title>${name}</title>`),
    "title",
  );
  for (const path of ["package.json", "package-lock.json"])
    tree.edit(
      path,
      (text) => text.replaceAll(`"name": "${record?.slug ?? starter.package}"`, `"name": "${slug}"`),
      "package name",
    );
  tree.edit("README.md", (text) => text.replace(/^# OIN SaaS Starter$/m, `# ${name}`), "title");
  for (const path of tree.files().filter((one) => !isHistory(one)))
    tree.edit(
      path,
      (text) =>
        text
          .replaceAll(starter.name, name)
          .replaceAll(starter.slug, slug)
          .replaceAll(new RegExp(`\\b${starter.apiKeyPrefix}`, "g"), apiKeyPrefixOf(slug))
          .replaceAll(starter.package, slug),
      "name",
    );
}

/**
 * 2 to 12 letters and an underscore. Once written it stays, also under another slug: customers have
 * keys with it.
 */
function apiKeyPrefixOf(slug: string): string {
  const letters = slug.replaceAll(/[^a-z]/g, "").slice(0, 12);
  return `${letters.length < 2 ? `${letters}key` : letters}_`;
}

function withBrand(text: string, name: string, slug: string, formerSlug: string): string {
  const members = { productName: name, slug };
  let result = addressOf(formerSlug, slug)(text);
  for (const [member, value] of Object.entries(members)) {
    const line = new RegExp(`^(  ${member}: )"[^"]*",$`, "m");
    if (!line.test(result))
      throw new ForkError(`config/brand.ts has no line "${member}: …", so it cannot be changed.`);
    result = result.replace(line, `$1"${value}",`);
  }
  return result;
}

/** Changes the example's addresses. Real ones, which someone has entered since, stay. */
function addressOf(former: string, slug: string) {
  return (text: string) =>
    text.replaceAll(new RegExp(`(?<![\\w-])${former}\\.example\\b`, "g"), `${slug}.example`);
}
