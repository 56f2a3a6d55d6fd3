import { samlUrls } from "../../../src/endpoints.ts";
import type { Connection } from "../../../src/model.ts";
import { createSigningKey, type SigningKey } from "../../../test/helpers/certificates.ts";
import { samlResponse } from "../../../test/helpers/saml-response.ts";
import { changeValue } from "./mutations.ts";
import type { Random } from "./random.ts";
import { form, type NextRequest, request, type Template } from "./template.ts";
import type { FuzzedApp } from "./world.ts";

interface Provider {
  saml: Connection;
  samlKey: SigningKey;
}

const idpEntityId = "http://www.okta.com/exk1";

export async function samlRequests(world: FuzzedApp): Promise<NextRequest> {
  const samlKey = await createSigningKey("fuzz");
  const settings = {
    ...{ idpEntityId, ssoUrl: "https://acme.okta.example/sso/saml", certificates: [samlKey.certificate] },
    ...{ metadataUrl: null, appInstanceId: null, orgUrl: null },
  };
  const provider = { saml: await world.acme.connection({ type: "saml", settings }), samlKey };
  return (random) => samlRequest(world, provider, random);
}

async function samlRequest(
  { url }: FuzzedApp,
  { saml, samlKey }: Provider,
  random: Random,
): Promise<Template> {
  const path = `/saml/${saml.key}`;
  const begin = () => request("GET", `${path}/login`, { query: [["returnTo", "/account"]] });
  const finish = () => request("GET", `${path}/finish`, { query: [["ticket", "0123456789abcdef"]] });
  const arrive = async () => {
    const { acsUrl, entityId } = samlUrls(url, saml.key);
    const circumstances = { acsUrl, entityId, idpEntityId, key: samlKey, requestId: null };
    const response = await samlResponse(circumstances, `user-${random.upTo(50)}@acme.example`, {
      fields(fields) {
        // Signed after the change, so that it gets past the signature. Times have to be numbers.
        const texts = Object.entries(fields).filter(([, value]) => typeof value === "string");
        const [name, value] = random.pick(texts);
        const changed = changeValue(value, random);
        if (random.happens(0.5)) Object.assign(fields, { [name]: escaped(String(changed)) });
      },
    });
    const body = form({ SAMLResponse: response, RelayState: random.pick(["", "/account", "x"]) });
    return request("POST", `${path}/acs`, { headers: { origin: "https://acme.okta.example" }, body });
  };
  return await random.pick([
    arrive,
    arrive,
    arrive,
    begin,
    finish,
    () => request("GET", `${path}/metadata`),
  ])();
}

/** Text of an element or an attribute. */
function escaped(text: string): string {
  return text.replace(/[<&"]/g, (one) => `&#${one.charCodeAt(0)};`).slice(0, 5_000);
}
