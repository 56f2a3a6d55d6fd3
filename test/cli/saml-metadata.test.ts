import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionCommands } from "../../src/cli/connections.ts";
import { InvalidError } from "../../src/errors.ts";
import type { SamlSettings } from "../../src/model.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import {
  entityDescriptor,
  idpMetadata,
  nextCertificate,
  signingCertificate,
} from "../helpers/idp-metadata.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";

/** test/saml/wild-metadata.test.ts has all rules for metadata; test/admin/set-up-saml.test.ts has the console. */
describe("admin -- connection create --type saml", () => {
  onOneDatabase((use) => {
    let acme: TestTenant;
    let folder: string;
    let file: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "starter-cli-"));
      file = join(folder, "metadata.xml");
    });
    after(() => rmSync(folder, { recursive: true }));
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });

    const create = (more: string[] = [], source = file, options = {}) =>
      runCommand(
        connectionCommands,
        use().database,
        ["connection", "create", acme.tenant.slug, "--type", "saml", "--metadata", source, ...more],
        options,
      );
    const settings = async () =>
      (await acme.store.connections.list())[0]?.settings as SamlSettings | undefined;
    const signedBy = (...certificates: string[]) =>
      idpMetadata({ keys: certificates.map((certificate) => ["signing", certificate]) });
    const group = `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">${entityDescriptor({
      entityId: "urn:a",
    })}${entityDescriptor({ entityId: "urn:b", keys: [["signing", nextCertificate]] })}</EntitiesDescriptor>`;

    const refused: [what: string, xml: () => Promise<string> | string, message: RegExp][] = [
      [
        "a certificate signed with SHA-1",
        async () => signedBy((await createSigningKey("old", undefined, "SHA-1")).certificate),
        /signed with SHA-1/,
      ],
      [
        "a certificate signed with SHA-1 among others",
        async () =>
          signedBy(signingCertificate, (await createSigningKey("old", undefined, "SHA-1")).certificate),
        /signed with SHA-1/,
      ],
      [
        "an expired certificate",
        async () => signedBy((await createSigningKey("over", new Date(Date.now() - 86_400_000))).certificate),
        /certificate ended on/,
      ],
      [
        "metadata that has expired",
        () => idpMetadata().replace(" entityID", ' validUntil="2020-01-01T00:00:00Z"$&'),
        /valid until 2020/,
      ],
      [
        "an address over http",
        () => idpMetadata({ services: [["Redirect", "http://acme.okta.example/"]] }),
        /https/,
      ],
      ["an entity ID with spaces", () => idpMetadata({ entityId: "acme idp" }), /has spaces/],
      ["several providers", () => group, /urn:a, urn:b/],
    ];
    for (const [what, xml, message] of refused) {
      it(`refuses ${what}, as the console does, and creates nothing`, async () => {
        writeFileSync(file, await xml());
        await assert.rejects(
          create(),
          (error) => error instanceof InvalidError && message.test(error.message),
        );
        assert.deepEqual(await acme.store.connections.list(), []);
      });
    }

    for (const more of [
      ["--app-instance-id", "0oa1"],
      ["--org-url", "https://acme.okta.com"],
    ]) {
      it(`refuses ${more[0]} alone, as the console does`, async () => {
        writeFileSync(file, idpMetadata());
        await assert.rejects(create(more), /Universal Logout needs both/);
      });
    }

    it("refuses an app instance ID that is none, as the console does", async () => {
      writeFileSync(file, idpMetadata());
      const more = ["--app-instance-id", "1234", "--org-url", "https://acme.okta.com"];
      await assert.rejects(create(more), /starts with 0oa/);
    });

    it("takes the provider that --entity-id names among several", async () => {
      writeFileSync(file, group);
      await create(["--entity-id", "urn:b"]);
      const made = await settings();
      assert.deepEqual([made?.idpEntityId, made?.certificates], ["urn:b", [nextCertificate]]);
    });

    it("refuses metadata of one provider that is not the one of --entity-id, and creates nothing", async () => {
      writeFileSync(file, idpMetadata());
      for (const named of ["urn:other", ""])
        await assert.rejects(create(["--entity-id", named]), /is of http:\/\/www\.okta\.com\/exk1, not of/);
      assert.deepEqual(await acme.store.connections.list(), []);
      await create(["--entity-id", "http://www.okta.com/exk1"]);
      assert.equal((await settings())?.idpEntityId, "http://www.okta.com/exk1");
    });

    it("reads a file in UTF-16", async () => {
      writeFileSync(file, Buffer.from(`\uFEFF${idpMetadata().replace("UTF-8", "UTF-16")}`, "utf16le"));
      await create();
      assert.equal((await settings())?.idpEntityId, "http://www.okta.com/exk1");
    });

    it("sends requests by POST to a provider that takes them in no other way", async () => {
      writeFileSync(file, idpMetadata({ services: [["POST", "https://acme.okta.example/post"]] }));
      await create();
      const made = await settings();
      assert.deepEqual([made?.ssoUrl, made?.requestByPost], ["https://acme.okta.example/post", true]);
    });

    it("says which certificate it left out", async () => {
      writeFileSync(file, signedBy("AAAA", signingCertificate));
      const { json, text } = await create();
      assert.deepEqual((json as { notes?: string[] }).notes, [
        "One certificate of the metadata cannot be read. It was left out.",
      ]);
      assert.match(text, /It was left out\./);
      assert.deepEqual((await settings())?.certificates, [signingCertificate]);
    });

    it("reads a URL in UTF-16, and keeps what it left out with the time", async () => {
      const xml = `\uFEFF${signedBy("AAAA", signingCertificate)}`;
      const idp: Server = createServer((_req, res) => void res.end(Buffer.from(xml, "utf16le").swap16()));
      await new Promise<void>((resolve) => idp.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(idp.address() as AddressInfo).port}/`;
      try {
        await create([], url, { insecureAllowPrivateNetwork: true });
      } finally {
        idp.closeAllConnections();
        await new Promise((resolve) => idp.close(resolve));
      }
      const { metadataRead } = (await settings()) ?? assert.fail();
      assert.equal(metadataRead?.problem, null);
      assert.match(metadataRead?.notes?.join() ?? "", /left out/);
    });
  });
});
