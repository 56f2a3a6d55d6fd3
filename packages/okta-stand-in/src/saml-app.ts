import { newSamlKey } from "./keys.ts";
import { newId, type SamlSignOn } from "./state.ts";

/** What an administrator enters for a SAML app. */
export type WantedSaml = Pick<SamlSignOn, "acsUrl" | "audience" | "attributeStatements">;

/** @param key the app's; a new one is made in the org's name when it is not given. */
export async function samlSignOn(
  orgName: string,
  wanted: WantedSaml,
  key?: Pick<SamlSignOn, "privateKey" | "certificate">,
): Promise<SamlSignOn> {
  const { privateKey, certificate } = key ?? (await newSamlKey(orgName));
  const ids = { externalKey: newId("exk"), defaultRelayState: "" };
  return { kind: "saml", ...wanted, ...ids, privateKey, certificate, algorithm: "SHA256" };
}
