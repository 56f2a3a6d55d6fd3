import assert from "node:assert/strict";
import type { Fields } from "../helpers/saml-response.ts";
import type { SamlSite } from "../helpers/saml-site.ts";

/** Signs in, is refused, and returns the secrets of both with their names. */
export async function samlSecrets(site: SamlSite): Promise<[name: string, value: string | undefined][]> {
  const { app } = site;
  const { id, relayState } = await site.leave(app.client());
  const client = app.client();
  const sent = await site.leave(client);
  const salary = (fields: Fields) => {
    fields.attributes.salary = ["Unmapped salary value 4711"];
  };
  const response = await site.respond("grace@acme.example", { fields: salary }, { requestId: sent.id });
  const xml = Buffer.from(response, "base64").toString();
  assert.ok(xml.includes("Unmapped salary value"));
  assert.equal((await site.arrive(client, response, sent.relayState)).status, 303);
  const refused = await site.respond("grace@acme.example", {}, { requestId: id });
  await site.arrive(app.client(), refused, relayState);
  const signatures = [...xml.matchAll(/SignatureValue>([^<]{40,})</g)];
  return [
    ["a SAML response", response],
    ["a refused SAML response", refused],
    ["an unmapped attribute", "Unmapped salary value 4711"],
    ...signatures.map(([, value]): [string, string | undefined] => [
      "a SAML signature",
      value?.replaceAll(/\s/g, ""),
    ]),
  ];
}
