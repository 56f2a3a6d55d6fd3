import type { MessagePart } from "../recording.ts";

/** Redaction writes this in place of a secret (redaction.ts). */
const redacted = "[redacted]";

/** Headers that curl sets by itself, or that belong to the sender's program. */
const leftOut = /^(user-agent|content-length|host): /i;

/**
 * A request as a command for a shell, with variables in place of its secrets: `$TOKEN`, or a variable by the name of the
 * parameter. Null if the request cannot be repeated. Every value comes from a sender, so it is quoted for the shell, and
 * nothing in it is a file name or a pattern to curl.
 */
export function curlOf(request: MessagePart | null, baseUrl: string): string | null {
  if (!request?.isRepeatable) return null;
  const [, method = "", target = ""] = /^([A-Z]+) (\S.*)$/s.exec(request.head[0] ?? "") ?? [];
  const path = target.replace(/\?.*$/s, "");
  if (method === "" || path === "") return null;
  const headers = request.head.slice(1).filter((line) => /^[\w-]+: /.test(line) && !leftOut.test(line));
  return [
    `curl --globoff -X ${method} ${shellWord(path.startsWith("/") ? baseUrl + path : path)}`,
    ...headers.map((line) => `-H ${shellWord(line)}`),
    ...pairsOf("--url-query", request.query),
    ...bodyOptions(request),
  ].join(" \\\n  ");
}

function bodyOptions({ form, json }: MessagePart): string[] {
  if (form !== undefined) return pairsOf("--data-urlencode", form);
  // --data-raw: --data would read a file if the text began with "@".
  return json === undefined || json === null
    ? []
    : [`--data-raw ${shellWord(JSON.stringify(json, null, 2))}`];
}

function pairsOf(option: string, parameters: Readonly<Record<string, unknown>> = {}): string[] {
  return Object.entries(parameters).flatMap(([name, values]) =>
    [values].flat().map((value) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      // The encoded name has no "@", after which curl would read a file.
      return `${option} ${shellWord(`${encodeURIComponent(name)}=${text}`, variableOf(name))}`;
    }),
  );
}

/** "client_secret" becomes CLIENT_SECRET. */
function variableOf(name: string): string {
  return `SECRET_${name}`
    .replace(/\W/g, "_")
    .toUpperCase()
    .replace(/^SECRET_(?=[A-Z_])/, "");
}

/** One word of a shell: quoted, with the variable in place of each secret. */
function shellWord(text: string, variable = "TOKEN"): string {
  return text
    .split(redacted)
    .map((part) => (part === "" ? "" : quoted(part)))
    .join(`"$${variable}"`);
}

/** A terminal takes control characters as keys, even within quotes; invisible ones deceive the reader. */
const unprintable = /[\p{Cc}\p{Cf}]/u;

function quoted(text: string): string {
  if (!unprintable.test(text.replaceAll("\n", ""))) return `'${text.replaceAll("'", "'\\''")}'`;
  // No quote remains between the quotes, so that also a shell without this syntax reads one word.
  const escaped = [...text.replaceAll("\\", "\\\\").replaceAll("'", "\\047")].map((one) => {
    if (!unprintable.test(one)) return one;
    const code = one.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `$'${escaped.join("")}'`;
}
