/** A page of any server. Its links, headings, ids and words are judged, so regular expressions are enough to read it. */
export interface GuidePage {
  url: string;
  html: string;
  headings: string[];
  ids: Set<string>;
  /** The words that a reader sees, on one line. */
  words: string;
}

/** An address that a page names. */
export interface LinkTarget {
  target: string;
  isImage: boolean;
  /** The picture's text; empty for a link. */
  alt: string;
}

export function pageOf(url: string, html: string): GuidePage {
  const headings = [...html.matchAll(/<h([1-6])[^>]*>([\s\S]*?)<\/h\1>/gi)].map(([, , inner = ""]) =>
    plain(inner),
  );
  const ids = new Set([...html.matchAll(/\sid=["']([^"']+)["']/gi)].map(([, id = ""]) => decoded(id)));
  return { url, html, headings, ids, words: plain(html) };
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
  const links = [...html.matchAll(/<a\s[^>]*?href=["']([^"']*)["']/gi)].map(([, href = ""]) => {
    return { target: decoded(href), isImage: false, alt: "" };
  });
  const images = [...html.matchAll(/<img\s[^>]*>/gi)].map(([tag]) => {
    const attribute = (name: string) => new RegExp(`\\s${name}=["']([^"']*)["']`, "i").exec(tag)?.[1] ?? "";
    return { target: decoded(attribute("src")), isImage: true, alt: decoded(attribute("alt")) };
  });
  // The logo next to the product's name needs no text.
  const pictures = images.filter(
    ({ target }) => !target.startsWith("/assets/") && !target.startsWith("data:"),
  );
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

/** The words of HTML. Tags within a line vanish, so that an address with break opportunities stays whole. */
export function plain(html: string): string {
  return decoded(
    html
      .replace(/<!--[\s\S]*?-->|<(script|style|head)[\s>][\s\S]*?<\/\1>/gi, " ")
      .replace(/<\/?(?:wbr|code|strong|em|b|i|a|span|kbd|mark)(?:\s[^>]*)?>/gi, "")
      .replace(/<[^>]*>/g, " "),
  )
    .replace(/\s+/g, " ")
    .trim();
}

function decoded(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " };
  return text
    .replace(/&#(\d+);/g, (_match, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(amp|lt|gt|quot|nbsp);/g, (match, name: string) => named[name] ?? match);
}
