import assert from "node:assert/strict";
import { request } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { onOneDatabase } from "../helpers/databases.ts";
import type { ScimBody } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

interface Call {
  method: string;
  /** The path of the base URL. */
  base?: string;
  path: string;
  headers?: Record<string, string>;
  /** Sent in chunks, without Content-Length, if `headers` has Transfer-Encoding. */
  body?: string | Buffer;
}

interface Answer {
  status: number;
  type: string;
  allow: string | undefined;
  vary: string | undefined;
  body: ScimBody;
}

describe("requests as clients write them", () => {
  onOneDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let count = 0;
    before(async () => {
      acme = await site().tenant();
    });

    /** Sends exactly these headers: fetch would add a Content-Type and repair others. */
    const raw = ({ method, base = "/scim/v2", path, headers = {}, body }: Call): Promise<Answer> => {
      const { hostname, port } = new URL(site().app.url.replace("localhost", "127.0.0.1"));
      return new Promise((resolve, reject) => {
        const call = request(
          {
            hostname,
            port,
            method,
            path: `${base}${path}`,
            headers: {
              authorization: acme.client.authorization,
              ...(body === undefined || "transfer-encoding" in headers
                ? {}
                : { "content-length": Buffer.byteLength(body) }),
              ...headers,
            },
          },
          (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (chunk: string) => {
              text += chunk;
            });
            response.on("end", () => {
              const { "content-type": type = "", allow, vary } = response.headers;
              const read = text === "" ? {} : (JSON.parse(text) as ScimBody);
              resolve({ status: response.statusCode ?? 0, type, allow, vary, body: read });
            });
          },
        );
        call.on("error", reject);
        call.end(body);
      });
    };
    const newUser = () => ({ userName: `user${++count}@acme.example` });
    const create = async () => (await acme.client.send("POST", "/Users", newUser())).body.id as string;
    const post = (headers: Record<string, string>, body: string | Buffer = JSON.stringify(newUser())) =>
      raw({ method: "POST", path: "/Users", headers, body });

    const taken: [string, Record<string, string>][] = [
      ["no Content-Type", {}],
      ["an empty Content-Type", { "content-type": "" }],
      ["chunks without a Content-Type", { "transfer-encoding": "chunked" }],
      ...[
        "application/json; charset=utf8",
        'application/json; charset="UTF-8"',
        "application/scim+json; charset='utf-8'",
        "application/scim+json ;CHARSET = Utf-8 ; odd",
        "application/json;charset=utf-8;",
        "application/json; charset",
        "application/json; charset=us-ascii",
        "application/json; odata.metadata=minimal; q=1",
        "Application/SCIM+JSON",
        "application/json, application/json",
      ].map((type): [string, Record<string, string>] => [type, { "content-type": type }]),
    ];
    for (const [what, headers] of taken) {
      it(`are taken with ${what}`, async () => {
        const answer = await post(headers);
        assert.equal(answer.status, 201, JSON.stringify(answer.body));
        const id = answer.body.id as string;
        const changed = await raw({
          method: "PUT",
          path: `/Users/${id}`,
          headers,
          body: JSON.stringify({ ...newUser(), title: "T" }),
        });
        assert.deepEqual([changed.status, changed.body.title], [200, "T"]);
      });
    }

    for (const type of [
      "text/plain",
      "text/plain; charset=utf-8",
      "text/html",
      "application/xml",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json-patch+json",
      "application/json; charset=utf-16",
      "application/scim+json; charset=utf-16le",
      "application/json; charset=iso-8859-1",
      "application/json; charset=utf-7",
    ]) {
      it(`are 415 with ${type}`, async () => {
        const answer = await post({ "content-type": type });
        assert.deepEqual([answer.status, answer.body.status], [415, "415"]);
      });
    }

    const unreadable: [string, string | Buffer][] = [
      ["text that is not JSON", "userName=ada"],
      ["half of an object", '{"userName":'],
      ["UTF-16", Buffer.from('\ufeff{"userName":"x"}', "utf16le")],
      ["bytes that are not UTF-8", Buffer.from('{"userName":"\xe9"}', "latin1")],
      ["nothing", ""],
      ["white space", "  "],
      ["a list", "[]"],
      ["a text", '"x"'],
      ["null", "null"],
    ];
    for (const [what, body] of unreadable) {
      it(`are 400 invalidSyntax if the body is ${what}, with and without a type`, async () => {
        for (const headers of [{}, { "content-type": "application/json" }]) {
          for (const path of ["/Users", "/Groups", "/Bulk", "/Users/.search"]) {
            const { status, body: error } = await raw({ method: "POST", path, headers, body });
            assert.deepEqual([status, error.scimType], [400, "invalidSyntax"], path);
          }
        }
      });
    }

    it("say that the body is missing", async () => {
      for (const [method, path] of [
        ["POST", "/Users"],
        ["PUT", `/Users/${await create()}`],
        ["PATCH", `/Users/${await create()}`],
      ] as const) {
        const { status, body } = await raw({ method, path, headers: { "content-length": "0" } });
        assert.deepEqual([status, body.detail], [400, "The request has no body. Send a JSON object."]);
      }
    });

    it("may begin with a byte order mark", async () => {
      assert.equal((await post({}, `\ufeff${JSON.stringify(newUser())}`)).status, 201);
    });

    for (const [encoding, compress] of [
      ["gzip", gzipSync],
      ["deflate", deflateSync],
      ["br", brotliCompressSync],
    ] as const) {
      it(`may be compressed by ${encoding}, with the limit on what comes out`, async () => {
        const headers = { "content-encoding": encoding, "content-type": "application/scim+json" };
        assert.equal((await post(headers, compress(JSON.stringify(newUser())))).status, 201);
        const bomb = compress(JSON.stringify({ ...newUser(), title: "x".repeat(11 * 2 ** 20) }));
        assert.equal((await post(headers, bomb)).status, 413);
        assert.equal((await post(headers, "not compressed")).status, 400);
      });
    }

    it("are 415 with an unknown compression", async () => {
      assert.equal((await post({ "content-encoding": "rot13" })).status, 415);
    });

    const ignored: [string, Call["headers"], string?][] = [
      ["an empty body of any type", { "content-type": "text/html", "content-length": "0" }],
      ["no body, and a type", { "content-type": "application/xml; charset=utf-16" }],
      ["empty chunks", { "content-type": "text/plain", "transfer-encoding": "chunked" }],
      ["a body that means nothing", { "content-type": "application/x-www-form-urlencoded" }, "a=b"],
      ["a body that is not JSON", { "content-type": "application/json" }, "{"],
    ];
    for (const [what, headers = {}, body] of ignored) {
      it(`GET and DELETE ignore ${what}`, async () => {
        const path = `/Users/${await create()}`;
        const more = body === undefined ? {} : { body };
        assert.equal((await raw({ method: "GET", path, headers, ...more })).status, 200);
        assert.equal((await raw({ method: "GET", path: "/Users?count=1", headers, ...more })).status, 200);
        assert.equal((await raw({ method: "DELETE", path, headers, ...more })).status, 204);
        assert.equal((await raw({ method: "GET", path })).status, 404);
      });
    }

    const bodies: [string, Record<string, string>, string][] = [
      ["of another type", { "content-type": "text/html" }, "<p>"],
      ["that is not JSON", { "content-type": "application/json" }, "{"],
      ["that is empty", { "content-length": "0" }, ""],
      ["that is too large", { "content-type": "application/json" }, `"${"x".repeat(11 * 2 ** 20)}"`],
      ["with a reserved name", { "content-type": "application/json" }, '{"__proto__":1}'],
    ];
    for (const [what, headers, body] of bodies) {
      it(`are 405 with Allow, 404 or 501 before a body ${what} is looked at`, async () => {
        for (const [method, path, allow] of [
          ["PUT", "/Users", "GET, HEAD, POST"],
          ["PATCH", "/Groups", "GET, HEAD, POST"],
          ["POST", "/Users/1", "GET, HEAD, PUT, PATCH, DELETE"],
          ["PUT", "/Users/.search", "POST"],
          ["PATCH", "/Bulk", "POST"],
          ["POST", "/Schemas", "GET, HEAD"],
          ["PUT", "/ServiceProviderConfig", "GET, HEAD"],
        ] as const) {
          const answer = await raw({ method, path, headers, body });
          assert.deepEqual([answer.status, answer.allow], [405, allow], `${method} ${path}`);
        }
        assert.equal((await raw({ method: "POST", path: "/nothing", headers, body })).status, 404);
        assert.equal((await raw({ method: "PATCH", path: "/Me", headers, body })).status, 501);
      });
    }

    for (const before of ["/", "//", "///"]) {
      for (const after of ["", "/", "//"]) {
        if (before + after === "/") continue;
        it(`find ${before}Users${after}, with the rules of /Users`, async () => {
          const list = `${before}Users${after}`;
          const created = await raw({ method: "POST", path: list, body: JSON.stringify(newUser()) });
          assert.equal(created.status, 201);
          const one = `${before}Users${before}${created.body.id}${after}`;
          assert.deepEqual((await raw({ method: "GET", path: one })).body, created.body);
          const filter = encodeURIComponent('userName sw "//"');
          assert.equal((await raw({ method: "GET", path: `${list}?filter=${filter}` })).body.totalResults, 0);
          const patched = await raw({ method: "PUT", path: list, body: "{" });
          assert.deepEqual([patched.status, patched.allow], [405, "GET, HEAD, POST"]);
          const authorization = "Bearer wrong";
          const refused = { method: "POST", path: list, headers: { authorization }, body: "{" };
          assert.equal((await raw(refused)).status, 401);
          const { authorization: other } = (await site().tenant()).client;
          for (const method of ["GET", "DELETE"])
            assert.equal((await raw({ method, path: one, headers: { authorization: other } })).status, 404);
          assert.equal((await raw({ method: "DELETE", path: one })).status, 204);
        });
      }
    }

    it("find a base URL that begins with two slashes, without a redirect, and get locations with one", async () => {
      const base = "//scim/v2";
      const created = await raw({ method: "POST", base, path: "/Users", body: JSON.stringify(newUser()) });
      assert.equal(created.status, 201);
      assert.equal(created.body.meta.location, `${site().app.url}/scim/v2/Users/${created.body.id}`);
      const path = `//Users/${created.body.id}`;
      assert.deepEqual((await raw({ method: "GET", base, path })).body, created.body);
      const refused = { method: "POST", base, path, headers: { authorization: "Bearer wrong" }, body: "{" };
      assert.equal((await raw(refused)).status, 401);
      assert.equal((await raw({ method: "POST", base, path, body: "{" })).status, 405);
    });

    it("are named without doubled slashes in the record of problems", async () => {
      const { client, tenant } = await site().tenant();
      const { authorization } = client;
      await raw({ method: "POST", path: "//Groups//", headers: { authorization }, body: "{}" });
      const problems = await use().database.sql()("provisioning_problems").where("tenant_id", tenant.id);
      assert.deepEqual(
        problems.map(({ call }: { call: string }) => call),
        ["POST /Groups"],
      );
    });

    const accepts: [string | undefined, "scim" | "json"][] = [
      [undefined, "scim"],
      ["", "scim"],
      ["*/*", "scim"],
      ["application/*", "scim"],
      ["application/scim+json", "scim"],
      ["application/scim+json; charset=utf-8", "scim"],
      ["application/json", "json"],
      ["APPLICATION/JSON;charset=UTF-8", "json"],
      ["application/json;odata.metadata=minimal;q=0.5", "json"],
      ["application/json, text/plain, */*", "json"],
      ["application/json, application/scim+json", "json"],
      ["application/scim+json, application/json", "scim"],
      ["application/json;q=0.9, application/scim+json", "scim"],
      ["application/scim+json;q=0.1,application/json;q=0.2", "json"],
      ["application/json;q=0, */*", "scim"],
      ["*/*, application/scim+json;q=0", "json"],
      ["text/html,application/xhtml+xml,*/*;q=0.8", "scim"],
      ["application/xml", "scim"],
      ["text/html", "scim"],
      ["nonsense;;q=x,,", "scim"],
    ];
    for (const [accept, type] of accepts) {
      it(`with Accept: ${accept} are answered as ${type}, errors too`, async () => {
        const headers: Record<string, string> = accept === undefined ? {} : { accept };
        const expected = `application/${type === "scim" ? "scim+" : ""}json; charset=utf-8`;
        const dead = { ...headers, authorization: "Bearer wrong" };
        for (const [call, status] of [
          [{ method: "GET", path: "/Users?count=1", headers }, 200],
          [{ method: "POST", path: "/Users", headers, body: JSON.stringify(newUser()) }, 201],
          [{ method: "GET", path: "/Users/unknown", headers }, 404],
          [{ method: "POST", path: "/Users", headers, body: "{}" }, 400],
          [{ method: "PUT", path: "/Users", headers }, 405],
          [{ method: "GET", path: "/Users", headers: dead }, 401],
        ] as [Call, number][]) {
          const answer = await raw(call);
          assert.deepEqual([answer.status, answer.type, answer.vary], [status, expected, "Accept"]);
        }
      });
    }
  });
});
