import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Markdown, toMarkdown } from "./markdown.ts";

/** Where the pictures of the guides are; beside the guides, so that a guide can be handed on with them. */
export const imageFolder = fileURLToPath(new URL("../../docs/guides/images/", import.meta.url));

/** The names of the pictures there are, without their ending. */
export function availableImages(): Set<string> {
  if (!existsSync(imageFolder)) return new Set();
  const files = readdirSync(imageFolder).filter((file) => file.endsWith(".png"));
  return new Set(files.map((file) => file.slice(0, -".png".length)));
}

/**
 * What templates say of pictures. `figure` shows one and `see` points to it, and both are nothing where there is none:
 * so a template may name pictures of Okta's Admin Console (`okta-…`) that only the ISV can take. Figures are numbered
 * in the order in which they are first mentioned.
 */
export function figures(images: ReadonlySet<string>) {
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    return number;
  };
  return {
    see: (name: string) => new Markdown(images.has(name) ? ` (Figure ${numberOf(name)})` : ""),
    figure: (name: string, alt: string, caption: string) => {
      if (!images.has(name)) return new Markdown("");
      const picture = `![${toMarkdown(alt)}](images/${name}.png)`;
      return new Markdown(`${picture}\n*Figure ${numberOf(name)}. ${toMarkdown(caption)}*`);
    },
  };
}
