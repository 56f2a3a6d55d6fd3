import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimAnswer, type ScimBody } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

interface Announced {
  name: string;
  type: string;
  multiValued: boolean;
  mutability: string;
  returned: string;
  required: boolean;
  uniqueness?: string;
  caseExact?: boolean;
  canonicalValues?: string[];
  referenceTypes?: string[];
  subAttributes?: Announced[];
}

type Path = readonly (string | number)[];

/** A value that the announcement allows: one of the canonical values, if it has some. */
function sampleOf(attribute: Announced, salt: string, userId: string): unknown {
  const { name, type, canonicalValues, referenceTypes } = attribute;
  if (canonicalValues) return canonicalValues.at(salt === "one" ? 0 : -1);
  if (referenceTypes?.includes("User")) return `../Users/${userId}`;
  if (type === "reference") return `https://acme.example/${name}/${salt}`;
  if (type === "boolean") return true;
  if (type === "integer") return salt === "one" ? 1 : 2;
  if (type === "decimal") return salt === "one" ? 1.5 : 2.5;
  if (type === "dateTime") return "2026-01-01T00:00:00Z";
  return /^e-?mails?$/i.test(name) ? `${salt}@acme.example` : `${name} ${salt}`;
}

/** A whole value with every sub-attribute that a client may write. */
function wholeOf(attribute: Announced, salt: string, userId: string): unknown {
  const one =
    attribute.type === "complex"
      ? Object.fromEntries(
          (attribute.subAttributes ?? [])
            .filter(({ mutability }) => mutability !== "readOnly")
            .map((sub) => [sub.name, sampleOf(sub, salt, userId)]),
        )
      : sampleOf(attribute, salt, userId);
  return attribute.multiValued ? [one] : one;
}

function at(body: ScimBody, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<string | number, unknown> | undefined)?.[step],
    body,
  );
}

/** Every announcement below a schema that a client can write, with the place of its value in a body. */
function leaves(attributes: readonly Announced[], prefix: Path): { leaf: Announced; place: Path }[] {
  return attributes.flatMap((attribute) => {
    if (attribute.mutability === "readOnly") return [];
    const place = [...prefix, attribute.name, ...(attribute.multiValued ? [0] : [])];
    if (attribute.type === "complex") return leaves(attribute.subAttributes ?? [], place);
    return [{ leaf: attribute, place }];
  });
}

describe("/Schemas announces only what is kept", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let managerId: string;
    let schemas: { id: string; attributes: Announced[] }[];
    before(async () => {
      acme = await site().tenant();
      managerId = (await acme.client.send("POST", "/Users", oktaUser("boss@acme.example"))).body.id;
      schemas = (await acme.client.get("/Schemas")).body.Resources;
    });
    const isUser = ({ id }: { id: string }) => id.endsWith(":User");
    const holderOf = (id: string): Path => (id.includes(":core:") ? [] : [id]);

    /** A user with a value for everything that /Schemas lets a client write. */
    function fullUser(salt: string): ScimBody {
      const body: ScimBody = { schemas: schemas.filter(isUser).map(({ id }) => id) };
      for (const { id, attributes } of schemas.filter(isUser)) {
        const writable = attributes.filter(({ mutability }) => mutability !== "readOnly");
        const values = Object.fromEntries(writable.map((one) => [one.name, wholeOf(one, salt, managerId)]));
        if (holderOf(id).length === 0) Object.assign(body, values);
        else body[id] = values;
      }
      return body;
    }

    function assertKept(sent: ScimBody, { status, body, text }: ScimAnswer): void {
      assert.ok(status === 200 || status === 201, text);
      let compared = 0;
      for (const { id, attributes } of schemas.filter(isUser)) {
        for (const { leaf, place } of leaves(attributes, holderOf(id))) {
          const label = place.join(".");
          const value = at(body, place);
          if (leaf.returned === "never") assert.equal(value, undefined, label);
          else assert.deepEqual(value, at(sent, place), label);
          compared++;
        }
      }
      assert.ok(compared > 40, `${compared}`);
    }

    for (const method of ["POST", "PUT"]) {
      it(`of users, by ${method} and GET, with every sub-attribute`, async () => {
        const salt = method === "POST" ? "one" : "two";
        const sent = fullUser(salt);
        const { id } = (await acme.client.send("POST", "/Users", oktaUser(`${method} user`))).body;
        const path = method === "POST" ? "/Users" : `/Users/${id}`;
        const answer = await acme.client.send(method, path, sent);
        assertKept(sent, answer);
        assertKept(sent, await acme.client.get(`/Users/${answer.body.id}`));
        await acme.client.send("DELETE", `/Users/${answer.body.id}`);
      });
    }

    it("of users, by PATCH of each attribute and sub-attribute on its own", async () => {
      const sent = fullUser("one");
      const { id } = (await acme.client.send("POST", "/Users", oktaUser("patched@acme.example"))).body;
      for (const { id: urn, attributes } of schemas.filter(isUser)) {
        const prefix = holderOf(urn).map((extension) => `${extension}:`);
        for (const attribute of attributes.filter(({ mutability }) => mutability !== "readOnly")) {
          const path = `${prefix}${attribute.name}`;
          const value = at(sent, [...holderOf(urn), attribute.name]);
          const answer = await acme.client.patch(`/Users/${id}`, { op: "replace", path, value });
          assert.equal(answer.status, 200, `${path}: ${answer.text}`);
          for (const sub of attribute.multiValued ? [] : (attribute.subAttributes ?? [])) {
            if (sub.mutability === "readOnly") continue;
            const part = (value as ScimBody)[sub.name];
            const one = await acme.client.patch(`/Users/${id}`, {
              op: "replace",
              path: `${path}.${sub.name}`,
              value: part,
            });
            assert.equal(one.status, 200, `${path}.${sub.name}: ${one.text}`);
          }
        }
      }
      assertKept(sent, await acme.client.get(`/Users/${id}`));
    });

    it("of the values that are computed: each readOnly attribute has its value", async () => {
      const { id } = (await acme.client.send("POST", "/Users", oktaUser("member@acme.example"))).body;
      await acme.client.send("POST", "/Groups", { displayName: "Staff", members: [{ value: id }] });
      const { body } = await acme.client.get(`/Users/${id}`);
      for (const { id: urn, attributes } of schemas.filter(isUser)) {
        for (const attribute of attributes) {
          const place = [...holderOf(urn), attribute.name, ...(attribute.multiValued ? [0] : [])];
          for (const sub of attribute.subAttributes ?? []) {
            if (sub.mutability !== "readOnly") continue;
            const value = at(body, [...place, sub.name]);
            assert.notEqual(value, undefined, `${attribute.name}.${sub.name} is announced and never there`);
            if (sub.canonicalValues) assert.ok(sub.canonicalValues.includes(value as string), sub.name);
            const [type] = sub.referenceTypes ?? [];
            if (type) assert.match(value as string, new RegExp(`/${type}s/`));
          }
        }
      }
    });

    it("of groups, and of what a group refuses", async () => {
      const { attributes } = schemas.find(({ id }) => id.endsWith(":Group")) ?? assert.fail("no Group");
      const members = attributes.find(({ name }) => name === "members")?.subAttributes ?? [];
      const sentMember = Object.fromEntries(
        members
          .filter(({ mutability }) => mutability !== "readOnly")
          .map((sub) => [sub.name, sub.name === "value" ? managerId : sampleOf(sub, "one", managerId)]),
      );
      const body = { displayName: "Pilots", members: [sentMember] };
      const { id } = (await acme.client.send("POST", "/Groups", body)).body;
      const read = (await acme.client.get(`/Groups/${id}`)).body;
      assert.equal(read.displayName, "Pilots");
      for (const { name, mutability, canonicalValues } of members) {
        const value = read.members[0][name];
        assert.notEqual(value, undefined, name);
        if (mutability !== "readOnly" && name !== "$ref") assert.equal(value, sentMember[name], name);
        if (canonicalValues) assert.deepEqual(canonicalValues, [value]);
      }
      assert.ok(read.members[0].$ref.endsWith(`/Users/${managerId}`));
      const name = attributes.find((one) => one.name === "displayName");
      const second = await acme.client.send("POST", "/Groups", { displayName: "PILOTS" });
      assert.deepEqual([name?.uniqueness, second.status], ["server", 409]);
    });

    it("of values that may be assigned: exactly the canonical ones, in any case", async () => {
      const core = schemas.filter(isUser).find(({ id }) => id.includes(":core:"));
      for (const kind of ["roles", "entitlements"]) {
        const value = core?.attributes
          .find(({ name }) => name === kind)
          ?.subAttributes?.find(({ name }) => name === "value");
        const listed = (await acme.client.get(`/${kind === "roles" ? "Roles" : "Entitlements"}`)).body
          .Resources;
        assert.deepEqual(
          value?.canonicalValues,
          (listed as ScimBody[]).map(({ id }) => id),
        );
        assert.deepEqual([value?.caseExact, value?.required], [false, true]);
        for (const id of value?.canonicalValues ?? []) {
          const user = oktaUser(`${kind}-${id}@acme.example`, { [kind]: [{ value: id.toUpperCase() }] });
          assert.equal((await acme.client.send("POST", "/Users", user)).body[kind][0].value, id);
          assert.ok(
            (await acme.client.find(`${kind}[value eq "${id.toUpperCase()}"]`)).body.totalResults > 0,
          );
        }
      }
    });

    it("of names that ignore case, and of ids that do not", async () => {
      const { id } = (await acme.client.send("POST", "/Users", oktaUser("cased@acme.example"))).body;
      const group = await acme.client.send("POST", "/Groups", {
        displayName: "Cased",
        members: [{ value: id }],
      });
      const found = async (filter: string) => (await acme.client.find(filter)).body.totalResults as number;
      assert.equal(await found('userName eq "CASED@acme.example"'), 1);
      assert.equal(await found(`groups.value eq "${group.body.id}"`), 1);
      assert.equal(await found(`groups.value eq "${group.body.id.toUpperCase()}"`), 0);
    });
  });
});
