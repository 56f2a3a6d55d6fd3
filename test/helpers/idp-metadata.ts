/** Two certificates of an identity provider, base64 DER. No one has their keys. */
export const signingCertificate = [
  "MIIBjTCCATOgAwIBAgIUXzcz8IfvtVGou523roHN4iAPdIQwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQVGVzdCBJZFAgc2ln",
  "bmluZzAgFw0yNjExMjQwMzMwNTdaGA8yMTI2MTAzMTAzMzA1N1owGzEZMBcGA1UEAwwQVGVzdCBJZFAgc2lnbmluZzBZMBMG",
  "ByqGSM49AgEGCCqGSM49AwEHA0IABD4NtDFZzUcAflA3YgWDgXdxL4Nl0kUKRdj6etrt/h2awlk1bMWNEmGyU7rqTAfLmEHN",
  "IRZhrGRmCqp1PHSHiDajUzBRMB0GA1UdDgQWBBRPZq4tsStr1ASCoaSh76vpOYcNfzAfBgNVHSMEGDAWgBRPZq4tsStr1ASC",
  "oaSh76vpOYcNfzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIG0MtuOa3sjMSOF9VaATyK92tU1LhuNLivvb",
  "jgq9fO+9AiEA/s9uVaMXZWyqmB6z98tb9er8IKWWN/Z060J4tYLRVZM=",
].join("");
export const nextCertificate = [
  "MIIBiDCCAS2gAwIBAgIUbhx4W7lCel95ch+hSrTg2pltj7UwCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNVGVzdCBJZFAgbmV4",
  "dDAgFw0yNjExMjQwMzMwNTdaGA8yMTI2MTAzMTAzMzA1N1owGDEWMBQGA1UEAwwNVGVzdCBJZFAgbmV4dDBZMBMGByqGSM49",
  "AgEGCCqGSM49AwEHA0IABD2wnZ0BW84Jed6h89ceGULD4nfX6vxQ9O+NdOKXXc/Mr2XmPbWyEw8/Rvz0GLwbI9Pr8yZ54Q2v",
  "oVRUmmuA9jyjUzBRMB0GA1UdDgQWBBRnBBIW/UHxKxUyGXeD95J9wCJoEDAfBgNVHSMEGDAWgBRnBBIW/UHxKxUyGXeD95J9",
  "wCJoEDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDkB1THCeiHMb3U82k+9w9++6LP9M54kfX/vRtdar2l",
  "OQIhALycgODfM3rsxujG1cnzAcoslK2pWHLLb71oJCZDtIra",
].join("");

interface Wanted {
  entityId?: string;
  /** KeyDescriptors: [use, certificate]; a use of null leaves it out. */
  keys?: [use: "signing" | "encryption" | null, certificate: string][];
  /** SingleSignOnServices: [binding, location]. */
  services?: [binding: "Redirect" | "POST", location: string][];
}

/** The metadata of an identity provider, as Okta writes it. */
export function idpMetadata(wanted: Wanted = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${entityDescriptor(wanted)}`;
}

export function entityDescriptor({
  entityId = "http://www.okta.com/exk1",
  keys = [["signing", signingCertificate]],
  services = [
    ["POST", "https://acme.okta.example/app/exk1/sso/saml"],
    ["Redirect", "https://acme.okta.example/app/exk1/sso/saml?redirect=1"],
  ],
}: Wanted = {}): string {
  return `<md:EntityDescriptor entityID="${entityId}" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">
${idpDescriptor(keys, services)}
</md:EntityDescriptor>`;
}

export function idpDescriptor(
  keys: NonNullable<Wanted["keys"]>,
  services: NonNullable<Wanted["services"]>,
): string {
  const keyElements = keys.map(
    ([use, certificate]) => `<md:KeyDescriptor${use === null ? "" : ` use="${use}"`}>
    <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
${certificate.replace(/.{64}/g, "$&\n")}
    </ds:X509Certificate></ds:X509Data></ds:KeyInfo>
  </md:KeyDescriptor>`,
  );
  const serviceElements = services.map(
    ([binding, location]) =>
      `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${binding}" Location="${location}"/>`,
  );
  const protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
  return `<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${protocol}">
${[...keyElements, ...serviceElements].join("\n")}
</md:IDPSSODescriptor>`;
}
