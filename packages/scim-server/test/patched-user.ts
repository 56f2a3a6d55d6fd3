/** A user, and operations of PATCH on them. */
import assert from "node:assert/strict";
import { ScimError } from "../src/errors.ts";
import { parsePatch } from "../src/grammar.ts";
import type { JsonObject } from "../src/input.ts";
import { patchUser } from "../src/patch-user.ts";
import { type Attribute, type ResourceSchema, urns } from "../src/schema.ts";
import { userSchema } from "./sample.ts";

export const custom = "urn:example:1.0:User";
const own = (name: string, type: Attribute["type"], multiValued = false): Attribute => ({
  name,
  type,
  multiValued,
  description: "",
  required: false,
  mutability: "readWrite",
  returned: "default",
});
export const schema: ResourceSchema = {
  core: userSchema.core,
  extensions: [
    ...userSchema.extensions,
    {
      id: custom,
      name: "Own",
      description: "",
      attributes: [own("tags", "string", true), own("level", "integer"), own("since", "dateTime")],
    },
  ],
};

export const work = { value: "ada@work.example", type: "work", primary: true };
export const home = { value: "ada@home.example", type: "home" };
export const mobile = { value: "+1 555", type: "mobile" };
export const ada: JsonObject = frozen({
  schemas: [urns.user, urns.enterprise],
  id: "23a35c27-23d3-4c03-b4c5-6443c09e7173",
  externalId: "00u1",
  meta: { resourceType: "User" },
  userName: "ada@work.example",
  name: { givenName: "Ada", familyName: "Lovelace" },
  title: "Countess",
  active: true,
  emails: [work, home],
  phoneNumbers: [mobile],
  addresses: [{ type: "work", locality: "London" }],
  roles: [{ value: "admin", display: "Admin" }],
  groups: [{ value: "g1", display: "Staff" }],
  [urns.enterprise]: { department: "Tour Operations", manager: { value: "m1", $ref: "../Users/m1" } },
  [custom]: { tags: ["one", "two"] },
});

/** Ada after a PATCH request with these operations. */
export function patched(...operations: unknown[]): JsonObject {
  const body = JSON.parse(JSON.stringify({ schemas: [urns.patchOp], Operations: operations }));
  return patchUser(ada, parsePatch(body), schema) as JsonObject;
}

/** Ada with other attributes; undefined for removed ones. */
export function adaWith(changes: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify({ ...ada, ...changes }));
}

export function adaWorking(changes: Record<string, unknown>): unknown {
  return adaWith({ [urns.enterprise]: { ...(ada[urns.enterprise] as JsonObject), ...changes } });
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

export const department = `${urns.enterprise}:department`;
export const manager = `${urns.enterprise}:manager`;

export const replace = (path: string, value: unknown) => ({ op: "replace", path, value });
export const add = (path: string, value: unknown) => ({ op: "add", path, value });
export const remove = (path: string, value?: unknown) => ({ op: "remove", path, value });

/** For assert.throws(). */
export function refusal(scimType: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ScimError, String(error));
    assert.deepEqual([error.status, error.scimType], [400, scimType], error.message);
    return true;
  };
}
