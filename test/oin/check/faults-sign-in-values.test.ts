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

describe("oin:check of values in sign-ins", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  eachFault(["oidc"], ready, oidc);
});
