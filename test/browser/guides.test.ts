import assert from "node:assert/strict";
import type { OrgPerson } from "okta-stand-in/state";
import { addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import { brand } from "../../config/brand.ts";
import { integration } from "../../config/integration.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { describeInBrowser, type TestBrowser, takeSession } from "../helpers/browser.ts";
import { submittedApp } from "../helpers/catalog-app.ts";
import { onOneDatabase, type TestDatabase } from "../helpers/databases.ts";
import { followGuide, sectionsOf } from "../helpers/guide/follow.ts";
import { type Customer, newReader, type Reader } from "../helpers/guide/reader.ts";
import { textOf } from "../helpers/guide/screen.ts";
import { orgOptions } from "../helpers/org.ts";
import { type Site, useSite } from "../helpers/site.ts";

/** What the customer answers to the conditions of the guides, by their words after "If". */
const facts = {
  "only Okta is to create accounts": false,
  "your org has a custom domain": false,
  "your domain is not proved": true,
  "your policy requires an expiry": true,
  [`a group decides who administers ${brand.productName}`]: true,
};

/** The sections with steps that each test follows, by the words with which their headings begin. */
const signOn = [
  "Create the connection",
  `Add ${brand.productName}`,
  "Enter Okta's values",
  "Assign people",
  "Test, then switch on",
  "Switch Universal Logout on",
  "SP-initiated SSO",
  "IdP-initiated SSO",
];
const followed = {
  oidc: signOn,
  saml: signOn, // SAML
  scim: [
    "Enable Entitlement management first",
    "Create a provisioning token",
    "Enable provisioning",
    "Choose what Okta does",
    "Choose what Okta imports",
    "Assign people",
    "Assign roles and entitlements",
    "Push groups",
    "Test",
  ],
  xaa: [],
};

const guides = [...connectionTypes, "scim", "xaa"] as const;
type Guide = (typeof guides)[number];

/** The sections with steps that the tests leave out, because the customer does not need them or they need a real org. */
const leftOut: Record<Guide, readonly string[]> = {
  oidc: ["Let Okta name the administrators"],
  saml: ["Let Okta name the administrators", "SHA-256"], // SAML
  scim: [`Add ${brand.productName}`, "Add other attributes"],
  // Only an agent can test it, and an agent is not a person who reads a guide.
  xaa: [
    `Register the agent in ${brand.productName}`,
    "Enable Cross App Access",
    "Register the agent in Okta",
    "Connect the agent",
    "Assign people, and activate",
    "Test",
  ],
};

/** The published guide, as the application serves it. */
async function guideOf({ app }: Site, capability: Guide): Promise<string> {
  const { text } = await app.client().get(`/guides/okta/${capability}.md`);
  return text;
}

async function windowsOf(browser: TestBrowser, { app, clientOf, owner }: Site, org: TestOrg) {
  const [product, okta, tester] = [await browser.open(), await browser.open(), await browser.open()];
  await takeSession(product, app, await clientOf(owner));
  await okta.goto(`${org.url}/admin`);
  return { product, okta, tester };
}

/** A person in the org. The reader gets a copy, because only the org's pages may change the person. */
function personIn(org: TestOrg, name: string): OrgPerson {
  const [firstName = "", lastName = ""] = name.split(" ");
  return { ...addTo(org, { login: `${firstName.toLowerCase()}@acme.example`, firstName, lastName }) };
}

/** The text of the person's page in the product. */
async function personsPage({ windows: { product }, productUrl, person }: Reader): Promise<string> {
  await product.goto(`${productUrl}/admin/people`);
  await product.getByRole("link", { name: `${person.firstName} ${person.lastName}` }).click();
  return await product.getByRole("main").innerText();
}

/** A customer with an empty tenant, and an org with people but without any app. */
function useCustomer(use: () => TestDatabase) {
  const site = useSite(use, orgOptions);
  let org: TestOrg;
  let customer: Customer;
  before(async () => {
    org = await startStandIn();
    const catalogApp = submittedApp(site().app.url);
    org.store.state.catalog = { [catalogApp.name]: catalogApp };
    const people = ["Ada Lovelace", "Grace Hopper", "Alan Turing"].map((name) => personIn(org, name));
    const [person, provisionedPerson, otherPerson] = people;
    assert.ok(person && provisionedPerson && otherPerson);
    const group = { id: "00gengineers", name: "Engineers", memberIds: [provisionedPerson.id] };
    org.store.state.groups[group.id] = group;
    customer = {
      app: integration.displayName,
      productUrl: site().app.url,
      orgUrl: org.url,
      person,
      provisionedPerson,
      otherPerson,
      group: group.name,
      entitlements: ["Task export"],
      facts,
    };
  });
  after(() => org.close());
  return {
    site,
    reader: async (browser: TestBrowser) => newReader(customer, await windowsOf(browser, site(), org)),
    guide: (capability: Guide) => guideOf(site(), capability),
  };
}

/** A customer who has only the guides, and a machine that does what they say, word by word. */
describeInBrowser("following the guides literally", (browser) => {
  for (const protocol of connectionTypes) {
    onOneDatabase((use) => {
      const { site, reader: newOne, guide } = useCustomer(use);

      it(`leads from nothing to everything, with ${protocol.toUpperCase()}`, async function () {
        this.timeout(240_000);
        const reader = await newOne(browser);
        await followGuide(reader, await guide(protocol), followed[protocol]);
        const [connection] = await site().acme.store.connections.list();
        assert.equal(connection?.status, "active");
        reader.person = reader.provisionedPerson;
        await followGuide(reader, await guide("scim"), followed.scim);
        reader.person = reader.provisionedPerson;
        const page = await personsPage(reader);
        for (const shown of [/Source\s+Provisioning/, /Entitlements\s+Task export/, /Role: Admin/])
          assert.match(page, shown);
      });
    });
  }

  onOneDatabase((use) => {
    const { reader: newOne, guide } = useCustomer(use);

    it("fails if Entitlement management is enabled after provisioning, as in Okta", async function () {
      this.timeout(240_000);
      const reader = await newOne(browser);
      await followGuide(reader, await guide("oidc"), ["Create the connection", `Add ${brand.productName}`]);
      const wrongOrder = [
        "Create a provisioning token",
        "Enable provisioning",
        "Enable Entitlement management",
      ];
      await assert.rejects(
        followGuide(reader, await guide("scim"), wrongOrder),
        /"Enable Entitlement management first.*", step 2, cannot be followed: "The \*\*Governance\*\* tab appears\."/,
      );
      await textOf(reader.windows.okta, /provisioning is already enabled for this app instance/);
    });

    it("has a test or a reason for every section with steps", async () => {
      for (const capability of guides) {
        const known = [...followed[capability], ...leftOut[capability]];
        const sections = sectionsOf(await guide(capability));
        const unknown = sections.filter((section) => !known.some((start) => section.startsWith(start)));
        assert.deepEqual(unknown, [], capability);
      }
    });
  });
});
