import assert from "node:assert/strict";
import { ConflictError } from "../../src/errors.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { samlSettings } from "../helpers/saml-settings.ts";
import { newStream } from "../helpers/signals.ts";
import { connectStream, email, useSignalSite } from "../shared-signals/world.ts";

describe("a security event of a SAML connection", () => {
  onEachDatabase((use) => {
    const site = useSignalSite(use);

    it("names people of a SAML connection by NameID, and its key has one stream", async () => {
      const { acme, ada, connection, org, push, set } = site();
      const settings = { ...samlSettings, orgUrl: org.issuer };
      const saml = await acme.connection({ type: "saml", key: connection.key, settings });
      await acme.store.identities.add(saml.id, email, ada.id);
      const second = acme.store.signalStreams.create(newStream(saml));
      await assert.rejects(
        second,
        (error) => error instanceof ConflictError && error.code === "stream-exists",
      );
      const own = await acme.connection({ type: "saml", settings });
      await acme.store.identities.add(own.id, "nameid", ada.id);
      await connectStream(acme.store, own, org.issuer);
      const client = await site().session();
      assert.equal((await client.get("/me")).status, 200);
      const sub_id = { format: "iss_sub", iss: settings.idpEntityId, sub: "nameid" };
      const path = `/shared-signals/${own.key}`;
      assert.equal((await push(await set({ claims: { sub_id } }), {}, { path })).status, 202);
      assert.equal((await client.get("/me")).status, 401);
    });
  });
});
