import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionSettings } from "../src/model.ts";
import { connectionInPath, connectionTypes, providerIn, signInProtocols } from "../src/sign-in-protocols.ts";
import { onOneDatabase } from "./helpers/databases.ts";
import { createTestTenant } from "./helpers/people.ts";
import { everyProtocol } from "./helpers/protocols.ts";

describe("the list of sign-in protocols", () => {
  for (const { type, settings, settingsAt } of everyProtocol) {
    const { mark, urls, subjectKind } = signInProtocols[type];

    it(`tells ${type} settings from those of the others`, () => {
      const marks = connectionTypes.filter((one) => signInProtocols[one].mark in settings);
      assert.deepEqual(marks, [type]);
      assert.ok(mark in settings);
    });

    it(`knows the org of a ${type} connection once its settings name it`, () => {
      assert.equal(providerIn(settingsAt("https://other.okta.example")).org, "https://other.okta.example");
    });

    it(`finds the connection in each path of ${type}`, () => {
      const own = Object.values(urls("https://app.example", "acme-1")).filter((url) =>
        new URL(url).pathname.startsWith(`/${type}/`),
      );
      assert.ok(own.length >= 2);
      for (const url of own)
        assert.deepEqual(connectionInPath(new URL(url).pathname), { type, key: "acme-1" });
    });

    onOneDatabase((use) => {
      it(`decides how ${type} finds people, unless an attribute names them`, async () => {
        const tenant = await createTestTenant(use().database);
        assert.equal((await tenant.connection({ type, settings })).subjectKind, subjectKind);
        assert.equal((await tenant.connection({ type, settings: null })).subjectKind, subjectKind);
      });
    });
  }

  it("finds no connection in other paths", () => {
    const others = [
      "/",
      "/ldap/acme/login",
      "/oidc/acme",
      "/oidc/Acme/login",
      "/x/oidc/acme/login",
      "//oidc/acme/login",
    ];
    for (const path of others) assert.equal(connectionInPath(path), null, path);
  });

  it("refuses settings of no protocol", () => {
    assert.throws(() => providerIn({} as ConnectionSettings), /of no protocol/);
  });
});

/** Rooms that work with every protocol, and the files in them that register one. */
const commonRooms = [
  "directory",
  "scim",
  "sso",
  "trust",
  "universal-logout",
  "shared-signals",
  "oauth",
  "cross-app-access",
];
const registering = ["trust/connection-facts.ts", "cross-app-access/subject.ts"];
/** A file that belongs to one protocol says so in its name. */
const ofOne = new RegExp(`(?:^|/)(?:${connectionTypes.join("|")})-`);
/** How code names a protocol. */
const names = [
  new RegExp(`"(?:${connectionTypes.join("|")})"`),
  /\bsaml[A-Z]|\bSamlSettings\b/, // SAML
];

describe("the rooms that all sign-in protocols share", () => {
  it("name none of them in code", () => {
    const files = commonRooms.flatMap((room) =>
      readdirSync(join("src", room), { recursive: true, encoding: "utf8" }).map((name) => `${room}/${name}`),
    );
    const common = files.filter(
      (path) => path.endsWith(".ts") && !registering.includes(path) && !ofOne.test(path),
    );
    assert.ok(common.length > 60, `${common.length} files`);
    const naming = common.filter((path) => names.some((name) => name.test(code(path))));
    assert.deepEqual(naming, []);
  });

  const code = (path: string) =>
    readFileSync(join("src", path), "utf8").replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
});
