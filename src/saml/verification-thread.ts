/** What runs on a thread of verification.ts: node-saml, for nothing but signatures and decryption. */
import { SAML } from "@node-saml/node-saml";
import { noCache } from "./no-cache.ts";
import type { Verdict, Verification } from "./verification.ts";

/**
 * node-saml as this room uses it. What was signed is handed over as it is, before node-saml judges it by rules that are
 * looser than ours (assertion.ts), so that every rule stands in one place.
 */
class SignedMessages extends SAML {
  /** What was signed is parsed once, by whoever reads it; node-saml is needed for what it has to decrypt. */
  protected override async getSignedAssertion(signedXml: string): Promise<string | null> {
    return this.options.decryptionPvk ? await super.getSignedAssertion(signedXml) : signedXml;
  }

  protected override processValidlySignedAssertionAsync(xml: string) {
    const profile = { issuer: "", nameID: "", nameIDFormat: "", getAssertionXml: () => xml };
    return Promise.resolve({ profile, loggedOut: false });
  }
}

/** The default export is what the threads run (https://piscinajs.dev). */
export default async function verify({ response, options }: Verification): Promise<Verdict> {
  try {
    const saml = new SignedMessages({ ...options, cacheProvider: noCache });
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response });
    const xml = profile?.getAssertionXml?.();
    return xml ? { xml } : { problem: "nothing is signed" };
  } catch (error) {
    return { problem: String(error) };
  }
}
