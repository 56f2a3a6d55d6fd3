import { z } from "zod";
import { samlUrls } from "../endpoints.ts";
import type { SamlSettings } from "../model.ts";
import { claimText } from "../trust/claim-text.ts";
import type { Naming } from "./assertion.ts";

/** A SAML connection's person (RFC 9493 §3.2.5, Okta): the NameID alone could be another service provider's. */
const samlSubject = z.object({
  format: z.literal("saml-nameid"),
  issuer: claimText,
  nameid: claimText,
  sp_name_qualifier: claimText,
});

/**
 * The NameID, if its issuer and service provider are the connection's, too. A connection that identifies people by an
 * attribute has no subject, because no ID-JAG carries that attribute. A sign-in proves the entity ID, and not the org's URL.
 */
export const samlNaming: Naming<SamlSettings> = {
  subject({ sub_id: id }, { key, settings }, baseUrl) {
    const named = samlSubject.safeParse(id).data;
    const isOfConnection =
      named?.issuer === settings?.idpEntityId &&
      named?.sp_name_qualifier === samlUrls(baseUrl, key).entityId &&
      !settings?.subjectAttribute;
    return named && isOfConnection ? named.nameid : null;
  },
  namesUs: ({ sub_id: id }, { key }, baseUrl) => id?.sp_name_qualifier === samlUrls(baseUrl, key).entityId,
  provesOrg: false,
};
