/**
 * The names (`display`) that roles and entitlements had before a PATCH. A new value drops the former name, but keeps a name
 * that the same request sent, in any order. So during the request `display` holds what was sent, and the name of before is
 * set aside in the element.
 */
import { isAssigned, isObject, type JsonObject, type JsonValue } from "./input.ts";

/** No attribute of a client has such a name: coerceParts() lets only those of the schema through. */
const former = "display of before";

/** Sets the names of all roles and entitlements aside. Changes the resource. */
export function setNamesAside(resource: JsonObject): void {
  changeElements(resource, ({ display, ...rest }) =>
    display === undefined ? rest : { ...rest, [former]: display },
  );
}

/** Gives back the names of before, unless the request sent another or dropped them. Changes the resource. */
export function restoreNames(resource: JsonObject): void {
  changeElements(resource, (element) => {
    const display = nameOf(element);
    const rest = withoutFormerName(element);
    return display === undefined ? rest : { ...rest, display };
  });
}

/** The name that an element has, sent or of before. */
export function nameOf(element: JsonObject): JsonValue | undefined {
  return element.display ?? element[former];
}

export function withoutFormerName({ [former]: _, ...rest }: JsonObject): JsonObject {
  return rest as JsonObject;
}

function changeElements(resource: JsonObject, change: (element: JsonObject) => JsonObject): void {
  for (const [name, list] of Object.entries(resource)) {
    if (!isAssigned(name) || !Array.isArray(list)) continue;
    resource[name] = list.map((element) => (isObject(element) ? change(element as JsonObject) : element));
  }
}
