/** Names that reach an object's prototype in JavaScript. No protocol has an attribute with such a name. */
const reserved = new Set(["__proto__", "constructor", "prototype"]);

export function isReservedName(name: string): boolean {
  return reserved.has(name.toLowerCase());
}
