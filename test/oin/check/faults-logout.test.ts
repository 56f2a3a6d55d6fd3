import { eachFault, inAnswers, inRequests, type PlantedFault, page } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const logout = /\/global-token-revocation/;
const universalLogout: PlantedFault[] = [
  {
    name: "200 for any call",
    fails: ["ul-no-token", "ul-forged-token", "ul-malformed", "ul-media-type"],
    fault: () => inRequests("POST", logout, () => page(200)),
  },
  {
    name: "a token that is not verified",
    fails: ["ul-forged-token"],
    seen: /a stranger's key/,
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        (requestHeaders.authorization ?? "").split(".").length === 3 ? page(204, "") : undefined,
      ),
  },
  {
    name: "a token with alg none that is accepted",
    fails: ["ul-forged-token"],
    seen: /without a signature/,
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        requestHeaders.authorization?.endsWith(".") ? page(204, "") : undefined,
      ),
  },
  {
    name: "a token that is believed by the key in its own header",
    fails: ["ul-forged-token"],
    seen: /brings its own key/,
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) => {
        const [header = ""] = (requestHeaders.authorization ?? "").replace("Bearer ", "").split(".");
        return Buffer.from(header, "base64url").includes('"jwk"') ? page(204, "") : undefined;
      }),
  },
  {
    name: "a broken body that is a server error",
    fails: ["ul-malformed"],
    fault: () =>
      inRequests("POST", logout, ({ requestBody }) => (requestBody.endsWith(":") ? page(500) : undefined)),
  },
  {
    name: "any type of body",
    fails: ["ul-media-type"],
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        requestHeaders["content-type"] === "text/plain" ? page(204, "") : undefined,
      ),
  },
  {
    name: "404 for another method",
    warns: ["ul-method"],
    fault: () => inRequests("GET", logout, () => page(404)),
  },
  {
    name: "an endpoint that is not served",
    fails: ["ul-served"],
    fault: () => inRequests("POST", logout, () => page(404)),
  },
  {
    name: "claims that are believed without the signature of their org",
    fails: ["ul-known-org"],
    seen: /a stranger's key/,
    fault: ({ op }) =>
      inRequests("POST", logout, ({ requestHeaders }) => {
        const [, payload = ""] = (requestHeaders.authorization ?? "").split(".");
        const text = Buffer.from(payload, "base64url").toString();
        if (!text.includes(`"iss":"${op.issuer}"`)) return undefined;
        const { exp, aud } = JSON.parse(text) as { exp: number; aud: string };
        return exp * 1000 > Date.now() && aud.endsWith("/global-token-revocation")
          ? page(204, "")
          : undefined;
      }),
  },
  {
    name: "a server error for a token that cannot be read",
    fails: ["ul-forged-token"],
    seen: /500 text\/html for a token whose parts are not JSON/,
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        requestHeaders.authorization?.includes("b2lu.") ? page(500) : undefined,
      ),
  },
  {
    name: "401 without the authentication that is asked for",
    warns: ["ul-www-authenticate"],
    fault: () =>
      inAnswers("POST", logout, ({ headers }) => {
        delete headers["www-authenticate"];
      }),
  },
  {
    name: "an endpoint that takes GET only",
    fails: ["ul-served"],
    seen: /405/,
    fault: () => inRequests("POST", logout, () => page(405)),
  },
];

describe("oin:check of Universal Logout", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  eachFault(["universal-logout"], ready, universalLogout);
});
