import assert from "node:assert/strict";
import SCIMMY from "scimmy";
import { customExtension, attributes as table } from "../../config/attributes.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import type { ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const urns = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  enterprise: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
};
/** scimmy's definitions of RFC 7643. Our schemas have to be subsets of them. */
const oracle: Record<string, ScimBody> = Object.fromEntries(
  [SCIMMY.Schemas.User, SCIMMY.Schemas.EnterpriseUser, SCIMMY.Schemas.Group].map((schema) => {
    const described = JSON.parse(JSON.stringify(schema.definition.describe())) as ScimBody;
    return [described.id, described];
  }),
);

const assignable = (...canonicalValues: string[]) => ({ required: true, canonicalValues });

/** Where the server says more exactly what it does than RFC 7643. */
const exceptions: Record<string, ScimBody> = {
  [`${urns.user}:groups.value`]: { caseExact: true },
  [`${urns.user}:groups.$ref`]: { referenceTypes: ["Group"] },
  [`${urns.user}:groups.type`]: { canonicalValues: ["direct"] },
  [`${urns.user}:roles.value`]: assignable("member", "admin"),
  [`${urns.user}:roles.type`]: { canonicalValues: undefined },
  [`${urns.user}:entitlements.value`]: assignable("task-export", "task-deletion"),
  [`${urns.group}:displayName`]: { uniqueness: "server" },
  [`${urns.group}:members.value`]: { caseExact: true, required: true },
  [`${urns.group}:members.display`]: { mutability: "readOnly" },
  [`${urns.group}:members.$ref`]: { referenceTypes: ["User"] },
  [`${urns.group}:members.type`]: { canonicalValues: ["User"] },
};

/**
 * Asserts that an attribute is defined as the oracle defines it, apart from the exceptions, and has no sub-attributes that
 * the oracle lacks.
 */
function assertPartOf(ours: ScimBody, theirs: ScimBody | undefined, path: string): void {
  assert.ok(theirs, path);
  const { subAttributes: ourParts, ...own } = ours;
  const { subAttributes: theirParts, ...other } = { ...theirs, ...exceptions[path] };
  assert.deepEqual(own, JSON.parse(JSON.stringify(other)), path);
  for (const part of ourParts ?? []) {
    const theirPart = (theirParts as ScimBody[]).find(({ name }) => name === part.name);
    assertPartOf(part, theirPart, `${path}.${part.name}`);
  }
}

describe("discovery", () => {
  onOneDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    before(async () => {
      acme = await site().tenant();
    });
    const schemas = async () =>
      Object.fromEntries(
        ((await acme.client.get("/Schemas")).body.Resources as ScimBody[]).map((schema) => [
          schema.id,
          schema,
        ]),
      ) as Record<string, ScimBody>;
    const namesOf = (schema: ScimBody) => (schema.attributes as ScimBody[]).map(({ name }) => name as string);

    for (const [name, urn] of Object.entries(urns)) {
      it(`offers a ${name} schema that is a subset of scimmy's definition`, async () => {
        const offered = (await schemas())[urn] as ScimBody;
        const theirs = oracle[urn] as ScimBody;
        assert.deepEqual([offered.name, offered.description], [theirs.name, theirs.description]);
        assert.ok(offered.attributes.length > 0);
        for (const attribute of offered.attributes as ScimBody[]) {
          const their = (theirs.attributes as ScimBody[]).find((other) => other.name === attribute.name);
          assertPartOf(attribute, their, `${urn}:${attribute.name}`);
        }
      });
    }

    it("offers exactly the attributes of config/attributes.ts and the built-in ones", async () => {
      const found = await schemas();
      const flat = (schema: ScimBody, prefix: string) =>
        (schema.attributes as ScimBody[]).flatMap(({ name, multiValued, subAttributes, type }) =>
          type === "complex" && !multiValued && name !== "manager"
            ? (subAttributes as ScimBody[]).map((sub) => `${prefix}${name}.${sub.name}`)
            : [`${prefix}${name}`],
        );
      const offered = [
        ...flat(found[urns.user] as ScimBody, ""),
        ...flat(found[urns.enterprise] as ScimBody, `${urns.enterprise}:`),
        ...(found[customExtension.urn]
          ? flat(found[customExtension.urn] ?? {}, `${customExtension.urn}:`)
          : []),
      ];
      const builtIn = ["password", "groups", "roles", "entitlements"];
      assert.deepEqual(offered.sort(), [...table.map(({ scim }) => scim), ...builtIn].sort());
    });

    it("offers no attribute that Okta reserves or that we do not store", async () => {
      const names = namesOf((await schemas())[urns.user] as ScimBody);
      for (const name of ["ims", "photos", "x509Certificates"]) assert.ok(!names.includes(name), name);
    });

    it("links each resource type to schemas that exist", async () => {
      const found = await schemas();
      const { body } = await acme.client.get("/ResourceTypes");
      for (const type of body.Resources as ScimBody[]) {
        assert.ok(found[type.schema], type.schema);
        for (const { schema } of type.schemaExtensions ?? []) assert.ok(found[schema], schema);
        const one = await acme.client.get(`/ResourceTypes/${type.id}`);
        assert.deepEqual(one.body, type);
        assert.equal(type.meta.location, `${site().app.url}/scim/v2/ResourceTypes/${type.id}`);
        assert.equal((await acme.client.get(type.endpoint)).status, 200);
      }
    });

    it("returns each schema by its URN, in any case", async () => {
      for (const [urn, schema] of Object.entries(await schemas())) {
        assert.deepEqual((await acme.client.get(`/Schemas/${urn}`)).body, schema);
        assert.equal((await acme.client.get(`/Schemas/${urn.toUpperCase()}`)).status, 200);
      }
      assertScimError(await acme.client.get("/Schemas/urn:nothing"), 404);
      assertScimError(await acme.client.get("/ResourceTypes/Nothing"), 404);
    });

    for (const path of ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", `/Schemas/${urns.user}`]) {
      it(`refuses to filter ${path}, and ignores other parameters of lists`, async () => {
        for (const filter of ['name eq "User"', "id pr", "nonsense"])
          assertScimError(await acme.client.get(`${path}?filter=${encodeURIComponent(filter)}`), 403);
        const whole = (await acme.client.get(path)).body;
        for (const query of ["filter=", "startIndex=2&count=1", "attributes=id", "sortBy=name"])
          assert.deepEqual((await acme.client.get(`${path}?${query}`)).body, whole, query);
      });
    }

    it("describes the server's features", async () => {
      const { body } = await acme.client.get("/ServiceProviderConfig");
      for (const feature of ["patch", "bulk", "filter", "changePassword", "sort", "etag"])
        assert.equal(body[feature].supported, true, feature);
      assert.deepEqual(
        [body.filter.maxResults, body.pagination.cursor, body.pagination.index],
        [1000, true, true],
      );
      assert.deepEqual([body.bulk.maxOperations, body.bulk.maxPayloadSize], [1000, 10_000_000]);
      assert.equal(body.authenticationSchemes[0].type, "oauthbearertoken");
    });
  });
});

describe("the SCIM endpoints", () => {
  onOneDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    before(async () => {
      acme = await site().tenant();
    });

    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      it(`answer 501 to ${method} /Me`, async () => {
        assertScimError(await acme.client.send(method, "/Me", method === "GET" ? undefined : {}), 501);
      });
    }

    for (const path of [
      "/",
      "/nothing",
      "/users",
      "/USERS",
      "/Users/a/b",
      "/.search",
      "/Schemas/a/b",
      "/Bulk/1",
    ]) {
      it(`answer 404 at ${path}, and change nothing`, async () => {
        for (const method of ["GET", "POST"])
          assertScimError(
            await acme.client.send(method, path, method === "GET" ? undefined : { displayName: "x" }),
            404,
          );
        assert.equal((await acme.client.get("/Groups")).body.totalResults, 0);
      });
    }

    const offered: [string, string, string][] = [
      ["PUT", "/Users", "GET, HEAD, POST"],
      ["DELETE", "/Groups", "GET, HEAD, POST"],
      ["POST", "/Users/1", "GET, HEAD, PUT, PATCH, DELETE"],
      ["PUT", "/Users/.search", "POST"],
      ["GET", "/Bulk", "POST"],
      ["POST", "/Schemas", "GET, HEAD"],
      ["DELETE", "/Schemas/urn:x", "GET, HEAD"],
      ["PATCH", "/Roles/admin", "GET, HEAD"],
      ["POST", "/ServiceProviderConfig", "GET, HEAD"],
    ];
    for (const [method, path, allow] of offered) {
      it(`answer 405 to ${method} ${path}, with Allow; OPTIONS returns the same Allow`, async () => {
        const answer = await acme.client.send(
          method,
          path,
          ["GET", "DELETE"].includes(method) ? undefined : {},
        );
        assertScimError(answer, 405);
        assert.equal(answer.headers.get("allow"), allow);
        const options = await acme.client.send("OPTIONS", path);
        assert.deepEqual([options.status, options.headers.get("allow")], [204, allow]);
      });
    }

    it("answer HEAD like GET, without the body", async () => {
      const { id } = (await acme.client.send("POST", "/Users", { userName: "head@acme.example" })).body;
      for (const path of ["/Users", `/Users/${id}`, "/Schemas"]) {
        const [head, get] = [await acme.client.send("HEAD", path), await acme.client.get(path)];
        assert.deepEqual([head.status, head.text], [200, ""]);
        for (const name of ["content-type", "etag"])
          assert.equal(head.headers.get(name), get.headers.get(name));
      }
      assert.equal((await acme.client.send("HEAD", "/Users/unknown")).status, 404);
    });

    for (const type of ["application/scim+json", "application/json", "application/json; charset=utf-8"]) {
      it(`accept ${type}`, async () => {
        const body = { userName: `${type}@acme.example` };
        assert.equal((await acme.client.send("POST", "/Users", body, { "content-type": type })).status, 201);
      });
    }

    for (const type of [
      "text/plain",
      "application/xml",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
    ]) {
      it(`answer 415 to ${type}`, async () => {
        assertScimError(await acme.client.send("POST", "/Users", "{}", { "content-type": type }), 415);
      });
    }

    it("answer 413 to more than 10 MB", async () => {
      const body = JSON.stringify({ userName: "x", title: "x".repeat(10 * 2 ** 20) });
      assertScimError(await acme.client.send("POST", "/Users", body), 413);
    });
  });
});
