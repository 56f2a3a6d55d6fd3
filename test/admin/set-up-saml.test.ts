import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { okta, signOnTab } from "okta-labels/labels";
import type { SamlSettings } from "../../src/model.ts";
import { createSigningKey, type SigningKey } from "../helpers/certificates.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { entityDescriptor, idpMetadata } from "../helpers/idp-metadata.ts";
import { leavingTo } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { readRequest, useSamlSite } from "../helpers/saml-site.ts";
import { messagesOn, shownOnce } from "../helpers/seen.ts";
import {
  answered,
  createDraft,
  offeredTest,
  settingsPage,
  stateOf,
  switchOn,
  valueToCopy,
  visibleText,
} from "./pages-read.ts";

const entityId = "http://www.okta.com/exk1fcia6d6EMsf331d8";
const ssoUrl = "https://acme.okta.example/app/product/exk1fcia6d6EMsf331d8/sso/saml";
let keys = 0;
const unreadable =
  '<md:KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>AAAA</X509Certificate></X509Data></KeyInfo></md:KeyDescriptor>';
const newKey = () => `saml-set-up-${keys++}`;

describe("the set-up of a SAML connection", () => {
  let org: Server;
  let metadataUrl: string;
  let served: string | null;
  let expired: SigningKey;
  let ending: SigningKey;
  let old: SigningKey;
  before(async () => {
    org = createServer((_req, res) => {
      res.statusCode = served === null ? 404 : 200;
      res.end(served ?? "");
    });
    await new Promise<void>((resolve) => org.listen(0, "127.0.0.1", resolve));
    metadataUrl = `http://127.0.0.1:${(org.address() as AddressInfo).port}/app/exk1/sso/saml/metadata`;
    expired = await createSigningKey("over", new Date(Date.now() - 86_400_000));
    old = await createSigningKey("old", undefined, "SHA-1");
    ending = await createSigningKey("ending", new Date(Date.now() + 10 * 86_400_000));
  });
  after(() => new Promise((resolve) => org.close(resolve)));

  onOneDatabase((use) => {
    const site = useSamlSite(use, { insecureAllowPrivateNetwork: true });
    let client: Client;
    let base: string;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
      base = await createDraft(client, "saml", newKey());
      served = metadata(site().key);
    });

    const metadata = ({ certificate }: SigningKey) =>
      idpMetadata({ entityId, keys: [["signing", certificate]], services: [["Redirect", ssoUrl]] });
    const idOf = (path: string) => path.split("/").at(-1) ?? "";
    const stored = async () => {
      const connection = await site().acme.store.connections.byId(idOf(base));
      return connection?.settings as SamlSettings | null;
    };
    const byHand = () => ({ ssoUrl, idpEntityId: entityId, certificates: site().key.certificatePem });
    const offered = { idpInitiated: "on", universalLogout: "on", crossAppAccess: "on" };
    const switches = { ...offered, justInTime: "on", signed: "assertion" };
    const save = (form: Record<string, string>, as = client) =>
      submit(as, settingsPage(base), "/settings", { ...switches, ...form });

    it("names the places in Okta where each value is, and what Universal Logout needs", async () => {
      await client.post(`${base}/choices`, {
        ...formOn(await client.get(`${base}?step=1`), "/choices").hidden,
        accounts: "both",
        app: "catalog",
      });
      const catalog = visibleText(await client.get(`${base}?step=2`));
      const values = visibleText(await client.get(`${base}?step=3`));
      await save(byHand());
      await switchOn(client, base);
      const text = [catalog, values, visibleText(await client.get(`${base}?tab=instructions`))].join(" ");
      for (const sentence of [
        `Go to ${okta.menus.applications} and click ${okta.catalog.browse}`,
        `select ${okta.signOn.saml}, set ${okta.signOn.usernameFormat} to ${okta.signOn.oktaUsername}, and click`,
        `On the tab ${signOnTab()}, under ${okta.signOn.saml}, copy the ${okta.signOn.metadataUrl}`,
        `the part of the ${okta.general.embedLink} that starts with 0oa`,
        "Click your user name at the top right of the Admin Console: it is in the menu.",
        "Enter the App instance ID and the Org URL in the settings, under Universal Logout",
        "needs Okta Identity Engine, and Identity Threat Protection or Adaptive MFA",
        "only a super administrator can end sessions",
      ])
        assert.ok(text.includes(sentence), `${sentence}\n${text}`);
    });

    it("leads from a draft to a sign-in by following the page", async () => {
      const page = await client.get(`${base}?step=2`);
      assert.match(page.text, /user\.firstName/);
      const acsUrl = valueToCopy(page, "Single sign-on URL");
      const audience = valueToCopy(page, "Audience URI (SP Entity ID)");
      assertRedirect(await save({ metadataUrl }), `${base}?step=4`);
      const started = await client.post(`${base}/tests`, { test: offeredTest(await client.get(base)) });
      const left = await client.get(leavingTo(started));
      const request = readRequest(left.location ?? "");
      assert.equal(request.url.origin + request.url.pathname, ssoUrl);
      const connection = (await site().acme.store.connections.byId(idOf(base))) ?? assert.fail();
      const respond = (requestId: string) =>
        site().respond("ada@acme.example", {}, { connection, requestId });
      assert.ok(
        acsUrl.endsWith(`/saml/${connection.key}/acs`) && audience.endsWith(`/${connection.key}/metadata`),
      );
      const shown = await site().arrive(client, await respond(request.id), request.relayState, connection);
      assert.equal(headingOf(shown), "The test has ended");
      assert.match((await client.get(`${base}?step=4`)).text, /understand each other/);
      await switchOn(client, base);
      const person = site().app.client();
      await site().signIn(person, "ada@acme.example", {}, connection);
      assert.match((await person.get("/me")).text, /ada@acme\.example/);
    });

    it("fills in the fields from metadata, and stores nothing before Save", async () => {
      const sent = await save({ metadataUrl, action: "read" });
      const page = await shownOnce(client, sent, `${base}?step=3`, "3 values filled in from the metadata.");
      assert.match(stateOf(page, "metadataUrl"), new RegExp(`Read: ${entityId}`));
      assert.ok(page.text.includes(`value="${ssoUrl}"`));
      assert.match(page.text, /-----BEGIN CERTIFICATE-----/);
      assert.equal(await stored(), null);
    });

    it("accepts pasted metadata or three values, and shows each certificate's fingerprint and expiry", async () => {
      await save({ metadataXml: served ?? "" });
      const fromXml = await stored();
      assert.deepEqual([fromXml?.idpEntityId, fromXml?.metadataUrl], [entityId, null]);
      const both = `${site().key.certificatePem}\n${ending.certificatePem}`;
      await save({ ...byHand(), certificates: both });
      assert.deepEqual((await stored())?.certificates, [site().key.certificate, ending.certificate]);
      const { text } = await client.get(`${base}?step=3`);
      assert.match(text, /CN=ending <span class="badge warning">expires soon<\/span>/);
      assert.match(text, /SHA-256 <code>([0-9A-F]{2}:){31}[0-9A-F]{2}<\/code>/);
      assert.doesNotMatch(
        (await client.get("/admin/connections")).text,
        /expires soon/,
        "the other one is valid for long",
      );
      await save({ ...byHand(), certificates: ending.certificatePem });
      assert.match((await client.get("/admin/connections")).text, /certificate expires soon/);
    });

    it("reads a group of providers once the issuer of one is entered, and says what it left out", async () => {
      const mine = metadata(site().key)
        .replace(/^<\?.*\?>/, "")
        .replace("<md:KeyDescriptor", `${unreadable}$&`);
      const metadataXml = `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">${mine}${entityDescriptor()}</EntitiesDescriptor>`;
      const refused = await answered(client, save({ metadataXml }));
      assert.match(
        stateOf(refused, "metadataXml"),
        new RegExp(`describes 2 identity providers: ${entityId}, `),
      );
      const typed = { field: "metadataXml", metadataXml, idpEntityId: entityId };
      const { note } = JSON.parse((await client.post(`${base}/check`, typed)).text);
      assert.match(note, new RegExp(`metadata of ${entityId}\\. One certificate`));
      const saved = await answered(client, save({ metadataXml, idpEntityId: entityId }));
      assert.deepEqual((await stored())?.certificates, [site().key.certificate]);
      assert.match(messagesOn(saved), /values are saved\. One certificate of the metadata cannot be read/);
    });

    it("sends requests by POST if the metadata offers nothing else", async () => {
      served = metadata(site().key).replace("HTTP-Redirect", "HTTP-POST");
      await save({ metadataUrl });
      assert.equal((await stored())?.requestByPost, true);
      const test = offeredTest(await client.get(base));
      const left = await client.get(leavingTo(await client.post(`${base}/tests`, { test })));
      assert.equal(formOn(left, "/sso/saml").hidden.RelayState, test);
      served = metadata(site().key);
      await submit(client, `${base}?step=3`, "/refresh");
      assert.equal((await stored())?.requestByPost, false);
    });

    it("saves every switch and option, and shows them again", async () => {
      const options = {
        appInstanceId: "0oa1gjh63g214q0Hq0g4",
        orgUrl: "https://acme.okta.com",
        orgUrlAlias: "https://login.acme.example",
        subjectAttribute: "userId",
        "name-givenName": "given",
        roleName: "groups",
        roleValues: "Admins",
        idpInitiated: "",
        signed: "response",
        encryptedAssertions: "on",
        signMetadata: "on",
        forceAuthn: "on",
        requestByPost: "on",
      };
      await save({ ...byHand(), ...options });
      const { certificates: _, ...rest } = (await stored()) ?? assert.fail();
      assert.deepEqual(rest, {
        idpEntityId: entityId,
        ssoUrl,
        metadataUrl: null,
        metadataRead: null,
        appInstanceId: "0oa1gjh63g214q0Hq0g4",
        orgUrl: "https://acme.okta.com",
        orgUrlAlias: "https://login.acme.example",
        subjectAttribute: "userId",
        attributeNames: { givenName: "given" },
        roleMapping: { name: "groups", adminValues: ["Admins"] },
        idpInitiated: false,
        signed: "response",
        encryptedAssertions: true,
        signMetadata: true,
        forceAuthn: true,
        requestByPost: true,
        universalLogout: true,
        crossAppAccess: true,
      });
      const { text } = await client.get(`${base}?step=3`);
      for (const value of ["0oa1gjh63g214q0Hq0g4", "userId", "given"])
        assert.ok(text.includes(`value="${value}"`), value);
      await switchOn(client, base);
      const settings = await client.get(`${base}?tab=settings`);
      const published = await client.get(new URL(valueToCopy(settings, "SP metadata")).pathname);
      assert.match(published.text, /use="encryption"/);
    });

    it("fixes the identifying attribute when the connection is switched on", async () => {
      await save(byHand());
      await switchOn(client, base);
      const settings = await client.get(`${base}?tab=settings`);
      assert.match(settings.text, /People are identified by their NameID/);
      const late = await save({ ...byHand(), subjectAttribute: "userId" });
      assert.equal(late.status, 400);
      assert.equal((await stored())?.subjectAttribute, null);
    });

    it("reads the metadata again on demand, and keeps the old values if that fails", async () => {
      await save({ metadataUrl });
      served = metadata(ending);
      const refresh = () => answered(client, submit(client, `${base}?step=3`, "/refresh"));
      assert.match(messagesOn(await refresh()), /metadata was read again/);
      assert.deepEqual((await stored())?.certificates, [ending.certificate]);
      served = null;
      assert.match(messagesOn(await refresh()), /old values stay.*404/);
      assert.deepEqual((await stored())?.certificates, [ending.certificate]);
    });

    it("changes our certificate in two steps", async () => {
      await save(byHand());
      await switchOn(client, base);
      const page = `${base}?tab=settings`;
      const shown = async () =>
        (await client.get(page)).text.split('id="keys"')[1]?.match(/SHA-256 <code>/g)?.length;
      assert.equal(await shown(), 1);
      await submit(client, page, "/keys/begin");
      assert.equal(await shown(), 2);
      const change = formOn(await client.get(page), "/keys/end");
      const twice = await answered(client, client.post(`${base}/keys/begin`, change.hidden));
      assert.match(messagesOn(twice), /being changed already/);
      await change.send(client);
      assert.equal(await shown(), 1);
      const { hidden } = formOn(await client.get(page), "/keys/begin");
      const none = await answered(client, client.post(`${base}/keys/end`, hidden));
      assert.match(messagesOn(none), /no second key/);
    });

    const script = "<script>document.title = 'executed'</script>";
    const wrong: [field: string, value: string | (() => string), sentence: RegExp][] = [
      ["metadataUrl", "acme", /not a web address/],
      ["metadataUrl", script, /not a web address/],
      ["metadataUrl", "javascript:alert(1)", /not a web address/],
      ["metadataUrl", "https://provider.invalid/metadata", /could not be resolved/],
      ["metadataXml", "<a>", /not well-formed/],
      ["metadataXml", "<a/>", /no SAML metadata/],
      ["metadataXml", '<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>', /document type/],
      ["metadataXml", `<x>${"y".repeat(1_000_000)}</x>`, /larger than 256 KB/],
      ["metadataXml", script, /no SAML metadata/],
      ["metadataXml", () => metadata(expired), /certificate ended on/],
      ["metadataXml", () => idpMetadata({ keys: [["signing", old.certificate]] }), /SHA-1/],
      ["ssoUrl", "", /sign on URL is missing/],
      ["ssoUrl", "javascript:alert(1)", /not a web address/],
      ["ssoUrl", script, /not a web address/],
      ["idpEntityId", "", /issuer is missing/],
      ["idpEntityId", script, /no spaces/],
      ["idpEntityId", "x".repeat(1_000_000), /more than 1024/],
      ["certificates", "", /certificate is missing/],
      ["certificates", "not a certificate", /not a certificate that can be read/],
      ["certificates", script, /not a certificate that can be read/],
      ["certificates", "x".repeat(1_000_000), /not a certificate that can be read/],
      ["certificates", () => expired.certificatePem, /certificate ended on/],
      ["certificates", () => old.certificatePem, /SHA-1/],
      ["appInstanceId", "1234", /starts with 0oa/],
      ["appInstanceId", script, /starts with 0oa/],
      ["orgUrl", "https://acme-admin.okta.com", /Admin Console/],
      ["orgUrl", "https://acme.okta.com/oauth2/default", /custom authorization server/],
      ["orgUrlAlias", "http://login.acme.example/path", /has no path/],
      ["orgUrlAlias", "https://login.acme.example", /only with the org URL/],
      ["subjectAttribute", "x".repeat(1_000_000), /more than 200/],
      ["name-email", "x".repeat(201), /more than 200/],
    ];
    for (const [field, given, sentence] of wrong) {
      it(`refuses the ${field} ${JSON.stringify(String(given).slice(0, 40))} with a sentence`, async () => {
        const value = typeof given === "string" ? given : given();
        const page = await answered(client, save({ ...byHand(), [field]: value }));
        assert.match(messagesOn(page), /Nothing was saved/);
        assert.match(stateOf(page, field), sentence);
        assert.ok(!page.text.includes("<script>document"), "what was entered is escaped");
        assert.equal(await stored(), null);
      });
    }

    it("requires both values of Universal Logout, or none", async () => {
      const missing = { appInstanceId: "orgUrl", orgUrl: "appInstanceId" };
      const [appInstanceId, orgUrl] = ["0oa1gjh63g214q0Hq0g4", "https://acme.okta.com"];
      for (const [given, field] of Object.entries(missing)) {
        const values: Record<string, string> = { appInstanceId, orgUrl };
        const page = await answered(client, save({ ...byHand(), [given]: values[given] ?? "" }));
        assert.match(stateOf(page, field), /needs both/);
      }
      assert.equal(await stored(), null);
    });

    it("says what is wrong with the metadata at a URL", async () => {
      for (const [text, sentence] of [
        [null, /answered 404/],
        ["<a/>", /no SAML metadata/],
        [metadata(expired), /certificate ended on/],
        [`<x>${"y".repeat(2_000_000)}</x>`, /too large/],
      ] as const) {
        served = text;
        assert.match(stateOf(await answered(client, save({ metadataUrl })), "metadataUrl"), sentence);
        const typed = await client.post(`${base}/check`, { field: "metadataUrl", metadataUrl });
        assert.match(JSON.parse(typed.text).problem, sentence);
      }
      assert.equal(await stored(), null);
    });
  });

  onOneDatabase((use) => {
    const site = useSamlSite(use);

    it("fetches neither private addresses nor http URLs", async () => {
      const client = await site().clientOf(site().owner);
      const base = await createDraft(client, "saml", newKey());
      for (const [field, value, sentence] of [
        ["metadataUrl", metadataUrl, /must start with https/],
        ["metadataUrl", metadataUrl.replace("http:", "https:"), /private address/],
        ["metadataUrl", "https://localhost/metadata", /private address/],
        ["metadataUrl", "https://169.254.169.254/latest/meta-data", /private address/],
        ["ssoUrl", "http://acme.okta.com/sso", /must start with https/],
        ["ssoUrl", "https://ada:secret@acme.okta.com/sso", /user name or a password/],
        ["orgUrl", "http://acme.okta.com", /must start with https/],
      ] as const) {
        const sent = client.post(`${base}/settings`, { [field]: value });
        assert.match(stateOf(await answered(client, sent), field), sentence);
        const typed = await client.post(`${base}/check`, { field, [field]: value });
        assert.match(JSON.parse(typed.text).problem, sentence);
      }
    });
  });
});
