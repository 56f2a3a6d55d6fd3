import { attributes } from "../../config/attributes.ts";
import { entitlements } from "../../config/entitlements.ts";
import type { AttributeDocument, User } from "../model.ts";

/** What is only kept of a person, as it was sent: of each attribute that has a value its label and the value as text. */
export function otherAttributes(document: AttributeDocument): [label: string, text: string][] {
  return attributes.flatMap(({ field, scim, label }) => {
    const text = field === null ? textOf(valueAt(document, scim)) : "";
    return text === "" ? [] : [[label, text] satisfies [string, string]];
  });
}

/** What is assigned to a person beside roles, in words. */
export function entitlementNames({ entitlements: assigned }: User): string[] {
  return assigned.map((id) => entitlements.find((one) => one.id === id)?.displayName ?? id);
}

/** @param path a core attribute's, or an extension's URN, a colon and the attribute (RFC 7644 §3.10). */
function valueAt(document: AttributeDocument, path: string): unknown {
  const colon = path.lastIndexOf(":");
  const steps = colon < 0 ? path.split(".") : [path.slice(0, colon), path.slice(colon + 1)];
  let value: unknown = document;
  for (const step of steps) value = isObject(value) ? value[step] : undefined;
  return value;
}

/** Of a complex value what people call it (RFC 7643 §4.1.2, §4.3), and otherwise all that it says. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join("; ");
  if (isObject(value)) {
    const { type: _type, primary: _primary, $ref: _ref, ...parts } = value;
    const name = [parts.formatted, parts.displayName, parts.value].find((part) => typeof part === "string");
    return typeof name === "string" ? name : Object.values(parts).map(textOf).filter(Boolean).join(", ");
  }
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
