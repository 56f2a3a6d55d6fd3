import { okta } from "okta-labels/labels";

/** Each label of okta-labels by itself: "Directory > People" is two. */
export const labelParts: ReadonlySet<string> = new Set(
  Object.values(okta)
    .flatMap((labels) => Object.values<string>(labels))
    .flatMap((label) => label.split(" > ")),
);

/** Labels that are also names: of protocols, of features and of a person's profile page. Texts may write them. */
const names = new Set<string>([
  okta.signOn.saml,
  okta.signOn.openIdConnect,
  okta.signOn.secureWebAuthentication,
  okta.oin.importUserSchema,
  "System Log",
  "AI agents",
]);

/** Labels of Okta's that the application's own pages have, too. */
const shared = new Set(["Save", "Issuer", "Provisioning", "People", "Groups"]);

const phrases = [...labelParts].filter((part) => part.includes(" ") && !names.has(part));
const phrase = new RegExp(`(?<![\\w-])(?:${longestFirst(phrases).map(escaped).join("|")})(?![\\w-])`, "g");
const anyLabel = longestFirst([...labelParts])
  .map(escaped)
  .join("|");
const path = new RegExp(`(?<![\\w-]|> )(?:${anyLabel})(?: > (?:${anyLabel}))+(?![\\w-])`, "g");

/**
 * The labels that a source repeats by hand instead of taking them from okta-labels. A label of several words is found
 * anywhere. A label of one word, such as "General", is found where a text marks it as a label: in a path ("General > Edit"),
 * as <strong>, as **bold**, or in “curly quotes”.
 */
export function literalLabels(file: string, text: string): string[] {
  const source = withoutComments(file, text);
  const plain = readableText(file, text);
  const marked = [...source.matchAll(/<strong>([^<]+)<\/strong>|“([^”]+)”|\*\*([^*]+)\*\*/g)]
    .map(([, strong, quoted, bold]) => strong ?? quoted ?? bold ?? "")
    .filter((label) => labelParts.has(label) && !label.includes(" ") && !shared.has(label));
  const found = [...plain.matchAll(path), ...plain.matchAll(phrase)].map(([label]) => label);
  return [...new Set([...found, ...marked])].filter((label) => !names.has(label));
}

/** A source's text as people read it: without comments, markup, and the joints of long strings. */
function readableText(file: string, text: string): string {
  return withoutComments(file, text)
    .replace(/["`]\s*\+\s*["`]/g, "")
    .replace(/<\/?(?:strong|b|em|code|a|span)\b[^>]*>|\*\*/g, "")
    .replaceAll("&gt;", ">")
    .replace(/[^\S\n]+/g, " ");
}

function withoutComments(file: string, text: string): string {
  if (file.endsWith(".ejs")) return text.replace(/<%#[\s\S]*?%>/g, "");
  if (file.endsWith(".md")) return text;
  // A citation of the readiness check names a document and its section: ["wizardScim", "Base URL"].
  return text
    .replace(/^\s*\["\w+", "[^"]*"\],?$/gm, "")
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, "")
    .replace(/^\s*\/\/.*$/gm, "");
}

function longestFirst(texts: readonly string[]): string[] {
  return [...texts].sort((one, other) => other.length - one.length);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
