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
import type { Exchange } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const callback = /\/oidc\/[^/]+\/callback/;
const initiate = /\/oidc\/[^/]+\/initiate/;
const samlSignIn = /\/saml\/ready-[^/]+\/login/;
const queryOf = ({ path }: Exchange, name: string) => new URL(path, "http://x").searchParams.get(name) ?? "";

/** Values that one request alone does not show to be wrong, and values of a stranger that are believed. */
const oidc: PlantedFault[] = [
  {
    name: "a tile that begins a sign-in at another app",
    fails: ["oidc-request"],
    seen: /client_id of \d requests: .*, 0oaother/,
    fault: () =>
      inAnswers(
        "GET",
        initiate,
        leading(({ searchParams }) => searchParams.set("client_id", "0oaother")),
      ),
  },
  {
    name: "a tile whose redirect browsers keep",
    fails: ["oidc-not-cached"],
    seen: /initiate.*301 without Cache-Control/,
    fault: () =>
      inAnswers("GET", initiate, (exchange) => {
        if (exchange.status >= 400) return;
        delete exchange.headers["cache-control"];
        exchange.status = 301;
      }),
  },
  {
    name: "a target_link_uri that only begins like the deployment",
    fails: ["oidc-initiate-open-redirect"],
    seen: /target_link_uri=http:\/\/localhost:\d+@oincheck/,
    fault: () =>
      inRequests("GET", initiate, (exchange) => {
        const location = queryOf(exchange, "target_link_uri");
        const isForeign = /^http:\/\/localhost[^/]*@/.test(location);
        return isForeign ? { status: 302, headers: { location } } : undefined;
      }),
  },
  ...["error", "state", "error_uri"].map(
    (name): PlantedFault => ({
      name: `a redirect URI that prints ${name} unescaped`,
      fails: ["oidc-callback-error"],
      seen: new RegExp(`${name} is printed unescaped`),
      fault: () =>
        inRequests("GET", callback, (exchange) =>
          queryOf(exchange, "error") ? page(400, queryOf(exchange, name)) : undefined,
        ),
    }),
  ),
];

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

describe("oin:check of values in sign-ins", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  eachFault(["oidc"], ready, oidc);
  eachFault(["saml"], ready, saml);
});
