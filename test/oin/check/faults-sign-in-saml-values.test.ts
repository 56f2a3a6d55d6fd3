import { deflateRawSync, inflateRawSync } from "node:zlib";
import {
  eachFault,
  inAnswers,
  inRequests,
  leading,
  type PlantedFault,
  page,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const samlSignIn = /\/saml\/ready-[^/]+\/login/;

/** Changes the parameters of an AuthnRequest. */
const sending = (change: (parameters: URLSearchParams) => void) => () =>
  inAnswers(
    "GET",
    samlSignIn,
    leading(({ searchParams }) => change(searchParams)),
  );

const saml: PlantedFault[] = [
  {
    name: "an AuthnRequest with a signature of another key",
    fails: ["saml-request-signature"],
    seen: /no certificate of the metadata verifies/,
    fault: sending((parameters) => parameters.set("Signature", Buffer.alloc(256, 1).toString("base64"))),
  },
  {
    name: "a RelayState that is added after the signature",
    fails: ["saml-request-signature"],
    fault: sending((parameters) => parameters.set("RelayState", "added")),
  },
  {
    name: "a request ID that is not a name of XML",
    fails: ["saml-request", "saml-request-signature"],
    seen: /ID is not/,
    fault: sending((parameters) => {
      const xml = inflateRawSync(Buffer.from(parameters.get("SAMLRequest") ?? "", "base64")).toString();
      const changed = xml.replace(/ ID="/, ' ID="_a b ');
      parameters.set("SAMLRequest", deflateRawSync(changed).toString("base64"));
    }),
  },
  {
    name: "an ACS that prints RelayState unescaped",
    fails: ["saml-acs-refuses"],
    seen: /RelayState is printed unescaped/,
    fault: () =>
      inRequests("POST", /\/saml\/[^/]+\/acs/, ({ requestBody }) =>
        page(400, new URLSearchParams(requestBody).get("RelayState") ?? ""),
      ),
  },
];

describe("oin:check of values in SAML sign-ins", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  eachFault(
    ["saml"],
    useReadyDeployment(() => use),
    saml,
  );
});
