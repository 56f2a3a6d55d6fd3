import { parseArgs } from "node:util";

const usage = `npm run fork -- --name "Product name" --slug product-name [--remove tasks,demo,saml]
npm run fork                     repeats it with the same words, after a merge of a later version`;

/** The command cannot do what was asked. The message is a sentence for the person. */
export class ForkError extends Error {
  override name = "ForkError";
}

export interface ForkOptions extends ForkRecord {
  /** Whether to write the guides again, which takes a minute. */
  guide: boolean;
}

/** The options of an earlier run: the member `fork` of package.json. */
export interface ForkRecord {
  name: string;
  slug: string;
  remove: Removable[];
}

const removables = ["tasks", "demo", "saml"] as const;
type Removable = (typeof removables)[number];

/**
 * The name is printed in code, patterns and URLs' labels, so it has no characters that need an escape there. A fork that wants
 * others writes them into config/brand.ts afterwards.
 */
const namePattern = /^[A-Za-z][A-Za-z0-9]*(?:[ .-][A-Za-z0-9]+)*$/;
/** The namespace of a URN (RFC 8141 §2), an npm package and a DNS label: the strictest rule of the three. */
const slugPattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** Reads the words of the command line; absent ones come from the record. Throws ForkError. */
export function readOptions(words: readonly string[], record: ForkRecord | null): ForkOptions {
  const { name = record?.name, slug = record?.slug, remove, guide } = parse(words);
  if (name === undefined || slug === undefined)
    throw new ForkError(`Give the product's name and slug.\n\n${usage}`);
  if (!namePattern.test(name) || name.length > 40)
    throw new ForkError(
      `The name "${name}" is not acceptable: use at most 40 letters and digits of ASCII, with single spaces, dots or hyphens between them.`,
    );
  if (!slugPattern.test(slug) || slug.length < 2 || slug.length > 32)
    throw new ForkError(
      `The slug "${slug}" is not acceptable: use 2 to 32 lower-case letters and digits, with single hyphens between them, and a letter first.`,
    );
  const asked = remove === undefined ? [] : remove.split(",").map((one) => one.trim());
  const unknown = asked.find((one) => !removables.some((known) => known === one));
  if (unknown !== undefined)
    throw new ForkError(`--remove knows ${removables.join(", ")}, not "${unknown}".`);
  const removed = removables.filter((one) => asked.includes(one) || record?.remove.includes(one));
  return { name, slug, remove: removed, guide };
}

function parse(words: readonly string[]) {
  try {
    const options = {
      name: { type: "string" },
      slug: { type: "string" },
      remove: { type: "string" },
      guide: { type: "boolean", default: true },
    } as const;
    return parseArgs({ args: [...words], options, allowNegative: true }).values;
  } catch (error) {
    throw new ForkError(`${(error as Error).message}\n\n${usage}`);
  }
}
