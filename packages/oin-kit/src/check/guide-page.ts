import { attributeOf, plain, tagsOf, withoutHidden } from "./markup.ts";

/** A page of any server, without comments and scripts. */
export interface GuidePage {
  url: string;
  html: string;
  headings: string[];
  /** The anchors of the page. */
  ids: Set<string>;
  /** The words that a reader sees, on one line. */
  words: string;
}

/** An address that a page names. */
export interface LinkTarget {
  target: string;
  isImage: boolean;
  /** The picture's text: empty if it is an ornament, null if none was given. Null for a link. */
  alt: string | null;
}

/** Reads a page. @param html as it was served. */
export function pageOf(url: string, html: string): GuidePage {
  const visible = withoutHidden(html);
  const headings = [...visible.matchAll(/<h([1-6])[^>]*>([\s\S]*?)<\/h\1>/gi)].map(([, , inner = ""]) =>
    plain(inner),
  );
  const ids = tagsOf(visible, "[a-z][a-z0-9-]*").map((tag) => attributeOf(tag, "id"));
  // An older form of an anchor.
  const names = tagsOf(visible, "a").map((tag) => attributeOf(tag, "name"));
  const anchors = new Set([...ids, ...names].filter((one) => one !== null));
  return { url, html: visible, headings, ids: anchors, words: plain(visible) };
}

/** The parts of a page, each from one heading to the next. The first part is before any heading. */
export function sectionsOf({ html }: GuidePage): { heading: string; level: number; html: string }[] {
  return html.split(/(?=<h[1-6][\s>])/i).map((part) => {
    const [, level = "0", inner = ""] = /^<h([1-6])[^>]*>([\s\S]*?)<\/h\1>/i.exec(part) ?? [];
    return { heading: plain(inner), level: Number(level), html: part };
  });
}

/** The addresses of links and pictures that are on the web; not those of e-mails and of pictures within the page. */
export function targetsOf({ html, url }: GuidePage): LinkTarget[] {
  const links = tagsOf(html, "a").flatMap((tag): LinkTarget[] => {
    const target = attributeOf(tag, "href");
    return target === null ? [] : [{ target, isImage: false, alt: null }];
  });
  const pictures = tagsOf(html, "img").flatMap((tag): LinkTarget[] => {
    const target = attributeOf(tag, "src");
    return target === null ? [] : [{ target, isImage: true, alt: attributeOf(tag, "alt") }];
  });
  return [...links, ...pictures].filter(
    ({ target }) => URL.canParse(target, url) && /^https?:/.test(new URL(target, url).href),
  );
}

/** The cells of each row of a page's tables, in words. */
export function rowsOf({ html }: GuidePage): string[][] {
  return [...html.matchAll(/<tr[\s>][\s\S]*?<\/tr>/gi)].map(([row]) =>
    [...row.matchAll(/<t([hd])[^>]*>([\s\S]*?)<\/t\1>/gi)].map(([, , inner = ""]) => plain(inner)),
  );
}
