import assert from "node:assert/strict";
import type { Connection, SamlSettings } from "../../src/model.ts";
import { beginKeyChange } from "../../src/saml/keys.ts";
import { stateOf } from "../admin/pages-read.ts";
import {
  type Act,
  connectionState,
  createWorld,
  describeStalePages,
  storeOf,
  type World,
} from "../admin/stale-pages.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { formOn } from "../helpers/forms.ts";
import { orgSealer } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { shownSaml } from "../helpers/saml-settings.ts";
import type { Site } from "../helpers/site.ts";

interface SamlWorld extends World {
  saml: Connection & { settings: SamlSettings };
}

async function createSamlWorld(site: Site): Promise<SamlWorld> {
  const settings = { ...shownSaml.settings, metadataUrl: "https://provider.invalid/" };
  const saml = await site.acme.connection({ type: "saml", settings });
  assert.ok(saml.type === "saml" && saml.settings);
  return { ...(await createWorld(site)), saml: { ...saml, settings: saml.settings } };
}

const ofSaml = ({ saml }: SamlWorld) => `/admin/connections/${saml.id}?tab=settings`;
const byHand = shownSaml.form;
/** A change by a machine: the metadata names other certificates. */
const otherCertificates = (world: SamlWorld) =>
  storeOf(world).connections.update(world.saml.id, {
    settings: { ...world.saml.settings, certificates: [] },
  });
const samlState = connectionState(({ saml }: SamlWorld) => saml.id);

const acts: Record<string, Act<SamlWorld>> = {
  "saving a connection's settings": {
    page: ofSaml,
    action: "/settings",
    entered: { ...byHand, signed: "response" },
    meanwhile: { "its certificates": otherCertificates },
    state: samlState,
  },
  "reading metadata again": {
    page: ofSaml,
    action: "/refresh",
    meanwhile: { "its certificates": otherCertificates },
    state: samlState,
  },
  "changing our key": {
    page: ofSaml,
    action: "/keys/begin",
    meanwhile: {
      "the key": (world) =>
        beginKeyChange(
          storeOf(world),
          { sealer: orgSealer, generateKeys: pooledKeys },
          world.saml,
          async () => undefined,
        ),
    },
    state: async (world) =>
      (await storeOf(world).keyPairs.list(world.saml.id)).map(({ generation }) => generation),
  },
};

describe("a page of a SAML connection that is out of date", () => {
  describeStalePages(acts, createSamlWorld, (stale) => {
    it("refuses the second of two saves, shows the difference, and keeps the values entered", async () => {
      const { world, client } = stale();
      const page = ofSaml(world);
      const [one, other] = [
        formOn(await client.get(page), "/settings"),
        formOn(await client.get(page), "/settings"),
      ];
      const tested = page.replace("settings", "test");
      assertRedirect(await one.send(client, { ...byHand, signed: "response" }), tested);
      const typed = { ...byHand, orgUrl: "https://typed.example", appInstanceId: "0oaTyped" };
      assertRedirect(await other.send(client, typed), page);
      const refused = await client.get(page);
      assert.match(refused.text, /<td data-label="What">What is signed<\/td>/);
      assert.match(refused.text, /name="orgUrl"[^>]*value="https:\/\/typed\.example"/);
      assert.equal((await samlSettingsNow()).signed, "response");
      const again = formOn(refused, "/settings");
      assertRedirect(await again.send(client, { ...typed, signed: "response" }), tested);
      assert.equal((await samlSettingsNow()).appInstanceId, "0oaTyped");
    });

    async function samlSettingsNow(): Promise<SamlSettings> {
      const { world } = stale();
      const now = await storeOf(world).connections.byId(world.saml.id);
      assert.ok(now?.type === "saml" && now.settings);
      return now.settings;
    }

    it("shows the difference together with an error in the form, and again if there is another one", async () => {
      const { world, client, refusal } = stale();
      const page = ofSaml(world);
      const form = formOn(await client.get(page), "/settings");
      await otherCertificates(world);
      await form.send(client, { ...byHand, appInstanceId: "wrong" });
      const wrong = await client.get(page);
      assert.match(stateOf(wrong, "appInstanceId"), /starts with 0oa/);
      assert.match(wrong.text, /<td data-label="What">Signing certificates<\/td>/);
      const corrected = formOn(wrong, "/settings");
      await storeOf(world).connections.update(world.saml.id, { settings: world.saml.settings });
      await refusal(await corrected.send(client, byHand), page);
    });
  });
});
