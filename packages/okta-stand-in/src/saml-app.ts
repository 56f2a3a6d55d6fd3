import { newSamlKey } from "./keys.ts";
import { newId, type SamlSignOn } from "./state.ts";

/** The settings that an administrator enters for a SAML app. */
export type WantedSaml = Pick<SamlSignOn, "acsUrl" | "audience" | "attributeStatements">;

/** @param key the app's key; by default a new one in the org's name. */
export async function samlSignOn(
  orgName: string,
  wanted: WantedSaml,
  key?: Pick<SamlSignOn, "privateKey" | "certificate">,
): Promise<SamlSignOn> {
  const { privateKey, certificate } = key ?? (await newSamlKey(orgName));
  const ids = { externalKey: newId("exk"), defaultRelayState: "" };
  return { kind: "saml", ...wanted, ...ids, privateKey, certificate, algorithm: "SHA256" };
}
