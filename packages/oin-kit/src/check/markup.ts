/**
 * Reads the HTML of any server. Its tags, attributes and entities are judged, so regular expressions are enough. They accept
 * each form of an attribute: a minifier drops quotes, and a text in quotes may hold a ">".
 */

const inTag = `(?:"[^"]*"|'[^']*'|[^"'>])*`;

/** The start tags of that name, each as it is written. @param name a pattern such as "img" or "h[1-6]". */
export function tagsOf(html: string, name: string): string[] {
  return html.match(new RegExp(`<${name}(?=[\\s/>])${inTag}>`, "gi")) ?? [];
}

/** The decoded value of a tag's attribute; empty if it has none, null if the attribute is absent. */
export function attributeOf(tag: string, name: string): string | null {
  const value = `\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`;
  const found = new RegExp(`[\\s"']${name}(?:${value}|(?=[\\s/>]))`, "i").exec(tag);
  return found && decoded(found[1] ?? found[2] ?? found[3] ?? "");
}

/** Whether a page has a field for a password. */
export function asksForPassword(html: string): boolean {
  return tagsOf(html, "input").some((tag) => attributeOf(tag, "type")?.toLowerCase() === "password");
}

/** A page without the parts that no reader sees: an address in a comment leads nowhere. */
export function withoutHidden(html: string): string {
  return html.replace(/<!--[\s\S]*?-->|<(script|style)[\s>][\s\S]*?<\/\1>/gi, " ");
}

/** The words of HTML. Tags within a line vanish, so that an address with break opportunities stays whole. */
export function plain(html: string): string {
  const text = withoutHidden(html)
    .replace(/<head[\s>][\s\S]*?<\/head>/gi, " ")
    .replace(new RegExp(`</?(?:wbr|code|strong|em|b|i|a|span|kbd|mark)(?:\\s${inTag})?>`, "gi"), "")
    .replace(new RegExp(`<[a-z/!]${inTag}>`, "gi"), " ");
  return decoded(text).replace(/\s+/g, " ").trim();
}

const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
const lastCodePoint = 0x10ffff;

/** Decodes the entities that a server's encoder writes, as numbers in either base or by name. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (entity, decimal, hex, name) => {
    if (name !== undefined) return named[String(name).toLowerCase()] ?? entity;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= lastCodePoint ? String.fromCodePoint(code) : entity;
  });
}
