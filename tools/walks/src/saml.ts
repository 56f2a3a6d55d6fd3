import assert from "node:assert/strict";
import { samlUrls } from "../../../src/endpoints.ts";
import type { TestApp } from "../../../test/helpers/app.ts";
import { createSigningKey } from "../../../test/helpers/certificates.ts";
import type { Client } from "../../../test/helpers/client.ts";
import type { TestDatabase } from "../../../test/helpers/databases.ts";
import { createTestTenant } from "../../../test/helpers/people.ts";
import { samlResponse } from "../../../test/helpers/saml-response.ts";
import { readRequest } from "../../../test/helpers/saml-site.ts";
import type { Walk } from "./walk.ts";

export async function samlWalks(app: TestApp, { database }: TestDatabase): Promise<Walk[]> {
  const tenant = await createTestTenant(database);
  const key = await createSigningKey("walks");
  const idpEntityId = "http://www.okta.com/exk1fcia6d6EMsf331d8";
  const connection = await tenant.connection({
    type: "saml",
    settings: {
      idpEntityId,
      ssoUrl: "https://acme.okta.example/sso/saml",
      certificates: [key.certificate],
      metadataUrl: null,
      appInstanceId: null,
      orgUrl: null,
    },
  });
  const { acsUrl, entityId } = samlUrls(app.url, connection.key);
  const respond = async (client: Client) => {
    const left = await client.get(`/saml/${connection.key}/login`);
    const { id: requestId, relayState } = readRequest(left.location ?? "");
    const response = await samlResponse(
      { acsUrl, entityId, idpEntityId, key, requestId },
      "ada@saml.example",
    );
    return new URLSearchParams({ SAMLResponse: response, RelayState: relayState });
  };
  const post = async (client: Client, form: URLSearchParams) => {
    const headers = { accept: "text/html", "sec-fetch-site": "cross-site" };
    const answer = await client.send("POST", new URL(acsUrl).pathname, headers, form);
    assert.equal(answer.status, 303, answer.text);
    return answer.location ?? "";
  };
  const toRead = ["src/saml/", "src/sso/", "packages/saml-policy/"];
  const acs: Walk = {
    name: "SAML ACS",
    toRead,
    async prepare() {
      const client = app.client();
      const form = await respond(client);
      return () => post(client, form);
    },
  };
  const finish: Walk = {
    name: "SAML finish",
    toRead,
    async prepare() {
      const client = app.client();
      const location = await post(client, await respond(client));
      return async () => {
        const answer = await client.get(location);
        assert.equal(answer.status, 303, answer.text);
      };
    },
  };
  return [acs, finish];
}
