import type { SigningKey } from "../../../../test/helpers/certificates.ts";
import {
  algorithms,
  type Circumstances,
  type Deviation,
  samlResponse,
} from "../../../../test/helpers/saml-response.ts";
import { type Contender, connectionKeys, ownSamlUrls } from "./contenders.ts";
import { type Answer, type Call, cookiesOf, locationOf } from "./http.ts";
import type { ContenderName } from "./options.ts";
import type { Provider } from "./provider.ts";

/** A sign-in up to the last request, which is measured. */
export interface PreparedSignIn {
  call: Call;
  /** Does what is left until the program knows the person. Returns what is wrong; null if they are signed in. */
  complete(answer: Answer): Promise<string | null>;
}

export interface SignInProtocol {
  key: "saml" | "oidc";
  title: string;
  prepare(contender: Contender, person: number): Promise<PreparedSignIn>;
  /** Answers that must be refused: the text says what is wrong if one is not. */
  hostile: { wrong: string; attempt(contender: Contender): Promise<PreparedSignIn> }[];
}

const people = 50;
/** Each protocol has people of its own, because an account of one provider is not another provider's. */
const emailOf = (protocol: "saml" | "oidc", person: number) => `person${person % people}@${protocol}.example`;
const form = { "content-type": "application/x-www-form-urlencoded" };

/** Which programs sign people in. */
export const signsIn = ({ name }: Contender) => name !== "scimmy-routers";

/** SAML: the response is made first, and its acceptance is measured. */
export function samlProtocol(keys: { key: SigningKey; idpEntityId: string }): SignInProtocol {
  const make = (contender: Contender, person: number, deviation: Deviation = {}) => {
    const { acsUrl, entityId } = samlUrlsOf(contender);
    const circumstances: Circumstances = { acsUrl, entityId, ...keys, requestId: null };
    return samlResponse(circumstances, emailOf("saml", person), deviation);
  };
  const post = (contender: Contender, response: string): PreparedSignIn => ({
    call: {
      method: "POST",
      path: new URL(samlUrlsOf(contender).acsUrl).pathname,
      headers: form,
      body: new URLSearchParams({ SAMLResponse: response }).toString(),
    },
    complete: (answer) => endings[contender.name](contender, answer),
  });
  const hostile = (wrong: string, deviation: Deviation) => ({
    wrong,
    attempt: async (contender: Contender) => post(contender, await make(contender, 1, deviation)),
  });
  const sha1 = { signatureAlgorithm: algorithms.rsaSha1, digestAlgorithm: algorithms.sha1 };
  return {
    key: "saml",
    title: "accept a SAML response",
    prepare: async (contender, person) => post(contender, await make(contender, person)),
    hostile: [
      {
        wrong: "the same SAML response is accepted twice",
        async attempt(contender) {
          const response = await make(contender, 1);
          const first = post(contender, response);
          await first.complete(await contender.client.send(first.call));
          return post(contender, response);
        },
      },
      hostile("a response that SHA-1 signs is accepted", { signAssertion: sha1, signResponse: sha1 }),
      hostile("a response for another recipient is accepted", {
        fields: (fields) => {
          fields.recipient = "https://other.example/acs";
        },
      }),
      hostile("a response for another audience is accepted", {
        fields: (fields) => {
          fields.audience = "https://other.example";
        },
      }),
    ],
  };
}

function samlUrlsOf({ name, origin }: Contender): { acsUrl: string; entityId: string } {
  if (name === "this application") return ownSamlUrls(origin);
  const acs = name === "better-auth" ? "/api/auth/sso/saml2/sp/acs/saml" : "/saml/acs";
  return { acsUrl: `${origin}${acs}`, entityId: `${origin}/saml/entity` };
}

/** OpenID Connect: the program begins the sign-in, the provider answers with a code, and the callback is measured. */
export function oidcProtocol(provider: Provider): SignInProtocol {
  const prepare = async (contender: Contender, person: number): Promise<PreparedSignIn> => {
    const begun = await contender.client.send(beginnings[contender.name](contender));
    if (![200, 302, 303].includes(begun.status)) throw new Error(failure(begun));
    const target = begun.status === 200 ? (JSON.parse(begun.text) as { url: string }).url : locationOf(begun);
    const asked = new URL(target).searchParams;
    const code = provider.issue({ nonce: asked.get("nonce"), email: emailOf("oidc", person) });
    const callback = new URL(asked.get("redirect_uri") ?? "");
    callback.search = new URLSearchParams({ code, state: asked.get("state") ?? "" }).toString();
    return {
      call: {
        method: "GET",
        path: `${callback.pathname}${callback.search}`,
        headers: { cookie: cookiesOf(begun) },
      },
      complete: (answer) => endings[contender.name](contender, answer),
    };
  };
  return {
    key: "oidc",
    title: "OpenID Connect callback",
    prepare,
    hostile: [
      {
        wrong: "a callback is accepted twice",
        async attempt(contender) {
          const first = await prepare(contender, 1);
          await first.complete(await contender.client.send(first.call));
          return first;
        },
      },
      {
        wrong: "a callback is accepted in a browser that did not begin the sign-in",
        async attempt(contender) {
          const { call, complete } = await prepare(contender, 1);
          return { call: { ...call, headers: {} }, complete };
        },
      },
    ],
  };
}

const beginnings: Record<ContenderName, (contender: Contender) => Call> = {
  "this application": () => ({ method: "GET", path: `/oidc/${connectionKeys.oidc}/login` }),
  "scimmy-routers": () => {
    throw new Error("scimmy-routers signs no one in");
  },
  "better-auth": ({ origin }) => ({
    method: "POST",
    path: "/api/auth/sign-in/sso",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ providerId: "oidc", callbackURL: "/done" }),
  }),
  "saml-jackson": () => ({ method: "GET", path: "/oidc/login" }),
};

type Ending = (contender: Contender, answer: Answer) => Promise<string | null>;

const failure = ({ status, text }: Answer) =>
  text.startsWith("{") ? `answers ${status} ${text.slice(0, 120)}` : `answers ${status}`;

const endings: Record<ContenderName, Ending> = {
  // A SAML response is accepted in two requests: the second one makes the session.
  async "this application"(contender, answer) {
    if (answer.status !== 303) return failure(answer);
    const location = locationOf(answer);
    if (!location.includes("/finish")) return hasSession(answer);
    const finished = await contender.client.send({
      method: "GET",
      path: location,
      headers: { cookie: cookiesOf(answer) },
    });
    return finished.status === 303 ? hasSession(finished) : failure(finished);
  },
  async "scimmy-routers"() {
    return "signs no one in";
  },
  async "better-auth"(_contender, answer) {
    if (answer.status !== 302 || /[?&]error=/.test(locationOf(answer)))
      return `${failure(answer)} ${locationOf(answer)}`;
    return hasSession(answer);
  },
  async "saml-jackson"(_contender, answer) {
    return answer.status === 200 && /"email":"person\d+@(saml|oidc)\.example"/.test(answer.text)
      ? null
      : failure(answer);
  },
};

function hasSession(answer: Answer): string | null {
  return /session|sid/i.test(cookiesOf(answer)) ? null : "no session begins";
}
