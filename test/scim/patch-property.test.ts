import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError } from "scim-server/errors";
import { parsePatch } from "scim-server/grammar";
import type { JsonObject } from "scim-server/input";
import { patchUser } from "scim-server/patch-user";
import { urns } from "scim-server/schema";
import { scimSchemas } from "../../src/scim/schemas.ts";

/**
 * Compares the engine with a model of five single attributes and one list, which knows nothing of schemas, paths or parsing.
 * A change is made as data, applied to the model, and written for the engine in one of the forms that clients use.
 */
type Email = { value?: string; type?: string; display?: string; primary?: boolean };
type Part = keyof Email;
type Value = string | boolean | null;

interface Model {
  /** By path: title, nickName, name.givenName, name.familyName, department. */
  single: Map<string, string>;
  emails: Email[];
}

type Where =
  | { is: "eq" | "ne" | "co" | "sw"; part: Part; value: string | boolean }
  | { is: "pr"; part: Part }
  | { is: "and"; both: [Where, Where] }
  | { is: "or"; both: [Where, Where] }
  | { is: "not"; inner: Where };

type Change =
  | { on: "single"; op: "add" | "replace" | "remove"; path: string; value: string | null; form: number }
  | { on: "name"; op: "add" | "replace"; value: Record<string, string | null>; form: number }
  | { on: "list"; op: "add" | "replace" | "remove"; emails: Email[] | null; form: number }
  | { on: "element"; op: "add" | "replace" | "remove"; where: Where; email: Email }
  | { on: "part"; op: "add" | "replace" | "remove"; where: Where; part: Part; value: Value };

class NoTarget extends Error {}

const low = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : value);

function holds(where: Where, email: Email): boolean {
  if (where.is === "and") return holds(where.both[0], email) && holds(where.both[1], email);
  if (where.is === "or") return holds(where.both[0], email) || holds(where.both[1], email);
  if (where.is === "not") return !holds(where.inner, email);
  const has = email[where.part];
  if (where.is === "pr") return has !== undefined;
  if (where.is === "eq") return low(has) === low(where.value);
  if (where.is === "ne") return low(has) !== low(where.value);
  if (has === undefined) return false;
  const [text, piece] = [String(low(has)), String(low(where.value))];
  return where.is === "co" ? text.split(piece).length > 1 : text.slice(0, piece.length) === piece;
}

/** The values that a conjunction states. */
function said(where: Where): Email {
  if (where.is === "and") return { ...said(where.both[0]), ...said(where.both[1]) };
  return where.is === "eq" ? { [where.part]: where.value } : {};
}

function resetPrimary(emails: Email[], touched: Email[]): void {
  const winner = [...emails].reverse().find((email) => touched.includes(email) && email.primary);
  if (!winner) return;
  for (const email of emails) if (email !== winner && email.primary) email.primary = false;
}

function assign(email: Email, part: string, value: Value | undefined): void {
  const target = email as Record<string, unknown>;
  if (value === null || value === "" || value === undefined) delete target[part];
  else target[part] = value;
}

const useful = ({ value, display }: Email) => value !== undefined || display !== undefined;

function cleanEmails(emails: Email[]): Email[] {
  const copies = emails.map((email) => {
    const copy: Email = {};
    for (const [part, value] of Object.entries(email)) assign(copy, part, value);
    return copy;
  });
  const kept = copies.filter(useful);
  resetPrimary(kept, kept);
  return kept;
}

function changeModel(model: Model, change: Change): void {
  if (change.on === "single") {
    if (change.op === "remove" || !change.value) model.single.delete(change.path);
    else model.single.set(change.path, change.value);
  } else if (change.on === "name") {
    for (const [part, value] of Object.entries(change.value)) {
      if (value) model.single.set(`name.${part}`, value);
      else model.single.delete(`name.${part}`);
    }
  } else if (change.on === "list") changeModelList(model, change);
  else changeModelElements(model, change);
}

function changeModelList(model: Model, { op, emails }: Change & { on: "list" }): void {
  if (op === "remove") {
    model.emails = model.emails.filter(
      (email) =>
        emails?.every((listed) => {
          const other = low(listed.value) !== low(email.value);
          return other || (listed.type !== undefined && low(listed.type) !== low(email.type));
        }) ?? false,
    );
    return;
  }
  const sent = cleanEmails(emails ?? []);
  if (op === "replace") {
    model.emails = sent;
    return;
  }
  const touched = sent.map((email) => {
    const alike = (one: Email, part: Part) => low(one[part]) === low(email[part]);
    const same = (one: Email) =>
      alike(one, "value") && alike(one, "type") && (email.value !== undefined || alike(one, "display"));
    const there = model.emails.find(same);
    if (there) return Object.assign(there, email);
    model.emails.push(email);
    return email;
  });
  resetPrimary(model.emails, touched);
}

function changeModelElements(model: Model, change: Change & { on: "element" | "part" }): void {
  const { op, where } = change;
  const chosen = model.emails.filter((email) => holds(where, email));
  const isEmptied = change.on === "part" && (change.value === null || change.value === "");
  if (chosen.length === 0 && (op === "remove" || (op === "replace" && isEmptied))) throw new NoTarget();
  if (op === "remove" && change.on === "element") {
    model.emails = model.emails.filter((email) => !chosen.includes(email));
    return;
  }
  const isSetting =
    op !== "remove" && (change.on === "element" || (change.value !== null && change.value !== ""));
  if (chosen.length === 0 && isSetting) {
    const made = said(where);
    if (Object.keys(made).length === 0 || !holds(where, made)) throw new NoTarget();
    model.emails.push(made);
    chosen.push(made);
  }
  for (const email of chosen) {
    if (change.on === "part") assign(email, change.part, op === "remove" ? null : change.value);
    else {
      if (op === "replace") for (const part of Object.keys(email)) assign(email, part, null);
      Object.assign(email, op === "replace" ? said(where) : {});
      for (const [part, value] of Object.entries(change.email)) assign(email, part, value);
    }
  }
  model.emails = model.emails.filter((email) => Object.keys(email).length > 0);
  resetPrimary(model.emails, chosen);
}

/** The resource that a model describes. */
function resourceOf({ single, emails }: Model): JsonObject {
  const resource: JsonObject = { id: "x", userName: "ada", active: true, groups: [{ value: "g" }] };
  for (const [path, value] of single) {
    const [top = "", inner] = path === "department" ? [urns.enterprise, path] : path.split(".");
    if (inner === undefined) resource[top] = value;
    else resource[top] = { ...(resource[top] as JsonObject | undefined), [inner]: value };
  }
  const left = emails.filter(useful);
  if (left.length > 0) resource.emails = left.map((email) => ({ ...email }));
  return resource;
}

function filterText(where: Where): string {
  if (where.is === "and" || where.is === "or") {
    return `(${where.both.map(filterText).join(where.is === "and" ? " and " : " OR ")})`;
  }
  if (where.is === "not") return `not (${filterText(where.inner)})`;
  return where.is === "pr" ? `${where.part} pr` : `${where.part} ${where.is} ${JSON.stringify(where.value)}`;
}

/** The operation that a client would send, in one of several forms. */
function wire(change: Change): object {
  const { op } = change;
  if (change.on === "element") {
    return {
      op,
      path: `emails[${filterText(change.where)}]`,
      value: op === "remove" ? undefined : change.email,
    };
  }
  if (change.on === "part") {
    const path = `emails[${filterText(change.where)}].${change.part}`;
    return { op, path, value: op === "remove" ? undefined : change.value };
  }
  if (change.on === "single") {
    const isEnterprise = change.path === "department";
    const urn = isEnterprise ? urns.enterprise : urns.user;
    const path = isEnterprise ? `${urn}:department` : change.path;
    const { value } = change;
    if (op === "remove") return { op: "Remove", path: change.form % 2 ? path.toUpperCase() : path };
    const nested = isEnterprise || !path.includes(".") ? change.path : path;
    const forms = [
      { op, path, value },
      { op: op.toUpperCase(), path: `${urn}:${change.path}`, value },
      { op, value: { [path]: value, unknown: 1 } },
      { op, path: urn, value: { [nested]: value } },
      { op, value: { id: "echo", [urn]: { [nested]: value } } },
    ];
    return forms[change.form % forms.length] as object;
  }
  const [path, value] = change.on === "name" ? ["name", change.value] : ["emails", change.emails];
  if (op === "remove") return value === null ? { op, path } : { op, path, value };
  return change.form % 2 ? { op, path, value } : { op, value: { [path]: value, meta: {} } };
}

const text = fc.constantFrom("a", "A", "b", "ab", "c");
const kind = fc.constantFrom("work", "Work", "home");
const email: fc.Arbitrary<Email> = fc.record(
  { value: text, type: kind, display: text, primary: fc.boolean() },
  { requiredKeys: ["value"] },
);
const sentEmail = fc.oneof(
  { weight: 5, arbitrary: email },
  email.map((one) => ({ ...one, value: "" })),
);
const textPart = fc.constantFrom<Part[]>("value", "type", "display");
const simple: fc.Arbitrary<Where> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant("eq" as const), part: fc.constant("type" as const), value: kind }),
  },
  fc.record({
    is: fc.constantFrom("eq" as const, "ne" as const, "co" as const, "sw" as const),
    part: textPart,
    value: text,
  }),
  fc.record({
    is: fc.constantFrom("eq" as const, "ne" as const),
    part: fc.constant("primary" as const),
    value: fc.boolean(),
  }),
  fc.record({ is: fc.constant("pr" as const), part: fc.constantFrom<Part[]>("value", "display", "primary") }),
);
const where: fc.Arbitrary<Where> = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 2 },
    { weight: 4, arbitrary: simple },
    fc.record({
      is: fc.constantFrom("and" as const, "or" as const),
      both: fc.tuple(tie("where"), tie("where")),
    }),
    fc.record({ is: fc.constant("not" as const), inner: tie("where") }),
  ),
})).where;
const op = fc.constantFrom("add" as const, "replace" as const, "remove" as const);
const setting = fc.constantFrom("add" as const, "replace" as const);
const form = fc.nat(9);
const paths = fc.constantFrom("title", "nickName", "name.givenName", "name.familyName", "department");
const maybe = fc.oneof({ weight: 4, arbitrary: text }, fc.constantFrom("", null));
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ on: fc.constant("single" as const), op, path: paths, value: maybe, form }),
  fc.record({
    on: fc.constant("name" as const),
    op: setting,
    form,
    value: fc.record({ givenName: maybe, familyName: maybe }, { requiredKeys: [] }),
  }),
  fc.record({
    on: fc.constant("list" as const),
    op: setting,
    emails: fc.array(sentEmail, { maxLength: 3 }),
    form,
  }),
  fc.record({
    on: fc.constant("list" as const),
    op: fc.constant("remove" as const),
    form,
    emails: fc.option(fc.array(email, { maxLength: 2 }), { freq: 3 }),
  }),
  fc.record({ on: fc.constant("element" as const), op, where, email }),
  fc.record({ on: fc.constant("part" as const), op, where, part: textPart, value: maybe }),
  fc.record({
    on: fc.constant("part" as const),
    op,
    where,
    part: fc.constant("primary" as const),
    value: fc.boolean(),
  }),
);
const model: fc.Arbitrary<Model> = fc.record({
  single: fc.array(fc.tuple(paths, text)).map((pairs) => new Map(pairs)),
  emails: fc.array(email, { maxLength: 4 }).map(cleanEmails),
});

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** The result of the model: undefined if an operation finds no target. */
function expectedOf(start: Model, changes: Change[]): JsonObject | undefined {
  const after = structuredClone(start);
  try {
    for (const one of changes) changeModel(after, one);
  } catch (error) {
    if (error instanceof NoTarget) return undefined;
    throw error;
  }
  return resourceOf(after);
}

describe("PATCH of random users with random operations", () => {
  it("agrees with the model", () => {
    const seen = { done: 0, refused: 0 };
    const check = fc.property(model, fc.array(change, { minLength: 1, maxLength: 6 }), (start, changes) => {
      const current = frozen(resourceOf(start));
      const expected = expectedOf(start, changes);
      const body = JSON.parse(JSON.stringify({ schemas: [urns.patchOp], Operations: changes.map(wire) }));
      const patch = () => patchUser(current, parsePatch(body), scimSchemas("accept").user);
      if (expected) assert.deepEqual(patch(), expected);
      else assert.throws(patch, { name: "ScimError", scimType: "noTarget" });
      seen[expected ? "done" : "refused"]++;
    });
    fc.assert(check, { seed: 20261101, numRuns: 3000 });
    assert.ok(seen.done > 1000 && seen.refused > 100, JSON.stringify(seen));
  });

  it("turns any JSON into a user or into 400, and changes neither its input nor Object.prototype", () => {
    const names = fc.constantFrom<string[]>(
      ...["userName", "name", "emails", "active", "name.givenName", "__proto__", "constructor", "prototype"],
      ...[
        "toString",
        "emails[type eq 1]",
        urns.enterprise,
        urns.user,
        `${urns.enterprise}:manager`,
        "value",
        "$ref",
      ],
    );
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, "", "x", "__proto__", "\0", "\ud800", [], "constructor"),
        fc.array(tie("json"), { maxLength: 3 }),
        fc.array(fc.tuple(names, tie("json")), { maxLength: 3 }).map((pairs) => {
          const members = pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
          return JSON.parse(`{${members.join(",")}}`);
        }),
      ),
    }));
    const operation = fc.record({
      op: fc.constantFrom("add", "replace", "remove"),
      path: fc.option(names),
      value: json,
    });
    const current = frozen(
      resourceOf({ single: new Map([["title", "x"]]), emails: [{ value: "a", type: "work" }] }),
    );
    const check = fc.property(fc.array(fc.oneof(operation, json), { maxLength: 4 }), (operations) => {
      try {
        const patched = patchUser(
          current,
          parsePatch({ schemas: [urns.patchOp], Operations: operations }),
          scimSchemas("accept").user,
        );
        assert.equal(Object.getPrototypeOf(patched), Object.prototype);
      } catch (error) {
        assert.ok(error instanceof ScimError && error.status === 400, String((error as Error).stack));
      }
      assert.deepEqual(Object.keys(Object.prototype), []);
    });
    fc.assert(check, { seed: 20261101, numRuns: 5000 });
  });
});
