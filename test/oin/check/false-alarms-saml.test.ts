import assert from "node:assert/strict";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { integration } from "../../../config/integration.ts";
import { assertFound, inAnswers, inRequests, leading, page } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { says } from "../../helpers/guide-faults.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";
import { withScreenshots } from "../../helpers/screenshots.ts";

/** Parts of right guides of other teams, of which a careless rule would complain. */
const guideParts: Record<string, string> = {
  "Okta's own entity ID":
    "<table><tr><th>Entity ID of Okta</th><td>http://www.okta.com/exk1</td></tr></table>",
  "the origin of the submission": `<table><tr><th>ACS URL</th><td>${integration.origin}/saml/acme/acs</td></tr></table>`,
};
const samlSignIn = /\/saml\/ready-[^/]+\/login/;
const inRequest = (change: (xml: string) => string) =>
  inAnswers(
    "GET",
    samlSignIn,
    leading(({ searchParams }) => {
      const xml = inflateRawSync(Buffer.from(searchParams.get("SAMLRequest") ?? "", "base64")).toString();
      searchParams.set("SAMLRequest", deflateRawSync(change(xml)).toString("base64"));
      for (const name of ["SigAlg", "Signature"]) searchParams.delete(name);
    }),
  );

/** The AuthnRequest in a form, as OpenSAML's template writes it: encoded, with the value before the name. */
const byForm = inAnswers("GET", samlSignIn, (exchange) => {
  const location = new URL(exchange.headers.location ?? "");
  const deflated = Buffer.from(location.searchParams.get("SAMLRequest") ?? "", "base64");
  const message = inflateRawSync(deflated).toString("base64");
  const encoded = (text: string) =>
    text.replace(/[^A-Za-z0-9]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`);
  const form = `<form action="/search"></form><form action="${encoded(location.origin + location.pathname)}" method="post">
    <input type="hidden" value="${encoded(message)}" name="SAMLRequest"/></form>`;
  Object.assign(exchange, page(200, form));
  delete exchange.headers.location;
});

describe("oin:check of right SAML deployments of other products", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  const verdict = async (rule: string) => {
    const { results } = await ready().check({ areas: ["saml"] });
    return results.find((result) => result.rule === rule)?.verdict;
  };

  it(`finds nothing in a guide with ${Object.keys(guideParts).join(", ")}`, async () => {
    const parts = Object.values(guideParts).join("");
    ready().front.plant(withScreenshots(says(/^\/guides\/okta\/saml$/, "</article>", `${parts}</article>`)));
    assertFound(await ready().check({ areas: ["guides"] }), []);
  });

  it("reads an AuthnRequest in a form in which everything is encoded", async () => {
    ready().front.plant(byForm);
    assert.equal(await verdict("saml-sign-in"), "pass");
    assert.equal(await verdict("saml-request"), "pass");
  });

  it("accepts an unsigned AuthnRequest without the optional Destination and ACS URL", async () => {
    ready().front.plant(
      inRequest((xml) => xml.replace(/ (?:Destination|AssertionConsumerServiceURL)="[^"]*"/g, "")),
    );
    assert.equal(await verdict("saml-request"), "pass");
  });

  it("warns of an ACS that redirects a stranger to an error page, which may be intended", async () => {
    ready().front.plant(
      inRequests("POST", /\/saml\/[^/]+\/acs/, () => ({
        status: 302,
        headers: { location: "/login?error=1" },
      })),
    );
    assertFound(await ready().check({ areas: ["saml"] }), [], ["saml-acs-redirect"]);
  });
});
