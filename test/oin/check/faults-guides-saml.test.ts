import { eachFault, type PlantedFault } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { anotherValue, says } from "../../helpers/guide-faults.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";
import { withScreenshots } from "../../helpers/screenshots.ts";

const saml = /^\/guides\/okta\/saml$/;

const faults: PlantedFault[] = [
  {
    name: "a guide without the warning about enabling SAML",
    fails: ["guide-headings"],
    seen: /saml lacks Read this before you enable SAML/,
    fault: () => says(saml, /(<h\d[^>]*>)Read this before you enable SAML/, "$1Be careful"),
  },
  anotherValue("the ACS URL", "saml", "/acs", "/consume"),
  anotherValue("the entity ID", "saml", "/metadata", "/entity"),
  {
    name: "a feature that new SAML integrations cannot have",
    fails: ["guide-features"],
    seen: /Single logout is listed, but not declared/,
    fault: () =>
      says(saml, "<li><strong>SP-initiated SSO", "<li>SP-initiated SLO</li><li><strong>SP-initiated SSO"),
  },
];

/** faults-guides.test.ts has the faults that each guide can have. */
describe("oin:check of the guide to SAML", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  eachFault(
    ["guides"],
    useReadyDeployment(() => use),
    faults.map((planted) => ({
      ...planted,
      fault: (deployment) => withScreenshots(planted.fault(deployment)),
    })),
  );
});
