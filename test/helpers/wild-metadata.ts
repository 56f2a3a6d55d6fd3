/** Metadata in the shapes of well-known providers, with neutral names. `signing` signs assertions; `other` does not. */
interface WildCertificates {
  signing: string;
  other: string;
}

export interface WildMetadata {
  name: string;
  entityId: string;
  ssoUrl: string;
  xml(certificates: WildCertificates): string;
}

const md = "urn:oasis:names:tc:SAML:2.0:metadata";
const ds = "http://www.w3.org/2000/09/xmldsig#";
const protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
const binding = (name: string) => `urn:oasis:names:tc:SAML:2.0:bindings:${name}`;
const keyInfo = (certificate: string) =>
  `<KeyInfo xmlns="${ds}"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo>`;
const signature = (certificate: string) =>
  `<Signature xmlns="${ds}"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
  '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="#_id">' +
  '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>AA==</DigestValue></Reference>' +
  `</SignedInfo><SignatureValue>AA==</SignatureValue>${keyInfo(certificate)}</Signature>`;
/** A role of WS-Federation, next to the one of SAML. */
const federationRole = (type: string, certificate: string, service: string) =>
  `<RoleDescriptor xsi:type="fed:${type}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"
  protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">
  <KeyDescriptor use="signing">${keyInfo(certificate)}</KeyDescriptor>
  <fed:${service}><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>https://idp.example/wsfed</Address>
  </EndpointReference></fed:${service}></RoleDescriptor>`;
/** A certificate in lines, as many tools write it. */
const inLines = (certificate: string, indent: string) =>
  `\r\n${indent}${certificate.replace(/.{64}/g, `$&\r\n${indent}`)}\r\n${indent}`;

export const wildMetadata: readonly WildMetadata[] = [
  {
    name: "Entra ID: a signature, and roles of WS-Federation before the one of SAML",
    entityId: "https://sts.idp.example/11111111-2222-3333-4444-555555555555/",
    ssoUrl: "https://login.idp.example/11111111-2222-3333-4444-555555555555/saml2",
    xml: ({ signing, other }) => `\uFEFF<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_id"
  entityID="${wildMetadata[0]?.entityId}" xmlns="${md}">${signature(other)}
  ${federationRole("SecurityTokenServiceType", other, "SecurityTokenServiceEndpoint")}
  ${federationRole("ApplicationServiceType", other, "TargetScopes")}
  <IDPSSODescriptor protocolSupportEnumeration="${protocol}"><KeyDescriptor use="signing">${keyInfo(signing)}</KeyDescriptor>
  <SingleLogoutService Binding="${binding("HTTP-Redirect")}" Location="https://login.idp.example/out" />
  <SingleSignOnService Binding="${binding("HTTP-Redirect")}" Location="${wildMetadata[0]?.ssoUrl}" />
  <SingleSignOnService Binding="${binding("HTTP-POST")}" Location="${wildMetadata[0]?.ssoUrl}" />
  </IDPSSODescriptor></EntityDescriptor>`,
  },
  {
    name: "AD FS: encryption keys, and a service provider in the same entity",
    entityId: "http://fs.idp.example/adfs/services/trust",
    ssoUrl: "https://fs.idp.example/adfs/ls/",
    xml: ({
      signing,
      other,
    }) => `<EntityDescriptor ID="_id" entityID="${wildMetadata[1]?.entityId}" xmlns="${md}">
  ${signature(signing)}${federationRole("ApplicationServiceType", other, "PassiveRequestorEndpoint")}
  <SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="${protocol}">
    <KeyDescriptor use="signing">${keyInfo(other)}</KeyDescriptor>
    <AssertionConsumerService Binding="${binding("HTTP-POST")}" Location="https://fs.idp.example/adfs/ls/" index="0"/>
  </SPSSODescriptor>
  <IDPSSODescriptor protocolSupportEnumeration="${protocol}">
    <KeyDescriptor use="encryption">${keyInfo(other)}</KeyDescriptor>
    <KeyDescriptor use="signing">${keyInfo(signing)}</KeyDescriptor>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <SingleSignOnService Binding="${binding("HTTP-Redirect")}" Location="${wildMetadata[1]?.ssoUrl}"/>
    <SingleSignOnService Binding="${binding("HTTP-POST")}" Location="${wildMetadata[1]?.ssoUrl}"/>
    <Attribute Name="http://schemas.example/upn" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>
  </IDPSSODescriptor><ContactPerson contactType="support"/></EntityDescriptor>`,
  },
  {
    name: "Google: valid for years",
    entityId: "https://accounts.idp.example/o/saml2?idpid=C01",
    ssoUrl: "https://accounts.idp.example/o/saml2/idp?idpid=C01",
    xml: ({ signing }) => `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<md:EntityDescriptor xmlns:md="${md}" entityID="${wildMetadata[2]?.entityId}" validUntil="2098-01-01T00:00:00.000Z">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${protocol}">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${ds}"><ds:X509Data>
        <ds:X509Certificate>${inLines(signing, "")}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:SingleSignOnService Binding="${binding("HTTP-Redirect")}" Location="${wildMetadata[2]?.ssoUrl}"/>
    <md:SingleSignOnService Binding="${binding("HTTP-POST")}" Location="${wildMetadata[2]?.ssoUrl}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`,
  },
  {
    name: "Shibboleth: comments, several bindings, and an attribute authority",
    entityId: "https://idp.example/idp/shibboleth",
    ssoUrl: "https://idp.example/idp/profile/SAML2/Redirect/SSO",
    xml: ({ signing, other }) => `<?xml version="1.0" encoding="UTF-8"?>
<!-- This is example metadata only. Edit it: the KeyDescriptor below, and so on. -->
<EntityDescriptor xmlns="${md}" xmlns:ds="${ds}" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0"
    xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" entityID="${wildMetadata[3]?.entityId}">
  <IDPSSODescriptor protocolSupportEnumeration="${protocol} urn:oasis:names:tc:SAML:1.1:protocol urn:mace:shibboleth:1.0">
    <Extensions><shibmd:Scope regexp="false">idp.example</shibmd:Scope><!--
      <mdui:UIInfo><mdui:DisplayName xml:lang="en">A Name</mdui:DisplayName></mdui:UIInfo> --></Extensions>
    <!-- First signing certificate is BackChannel, the second is FrontChannel -->
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${inLines(signing, "          ")}
      </ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <KeyDescriptor use="encryption">${keyInfo(other)}</KeyDescriptor>
    <ArtifactResolutionService Binding="${binding("SOAP")}" Location="https://idp.example:8443/artifact" index="2"/>
    <SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="https://idp.example/shib"/>
    <SingleSignOnService Binding="${binding("HTTP-POST")}" Location="https://idp.example/idp/profile/SAML2/POST/SSO"/>
    <SingleSignOnService Binding="${binding("HTTP-POST-SimpleSign")}" Location="https://idp.example/simple"/>
    <SingleSignOnService Binding="${binding("HTTP-Redirect")}" Location="${wildMetadata[3]?.ssoUrl}"/>
  </IDPSSODescriptor>
  <AttributeAuthorityDescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol">
    <KeyDescriptor>${keyInfo(other)}</KeyDescriptor>
    <AttributeService Binding="urn:oasis:names:tc:SAML:1.0:bindings:SOAP-binding" Location="https://idp.example/aa"/>
  </AttributeAuthorityDescriptor>
</EntityDescriptor>`,
  },
  {
    name: "Keycloak: one entity in an EntitiesDescriptor, with the key's name",
    entityId: "https://sso.idp.example/realms/acme",
    ssoUrl: "https://sso.idp.example/realms/acme/protocol/saml",
    xml: ({
      signing,
    }) => `<md:EntitiesDescriptor xmlns="${md}" xmlns:md="${md}" xmlns:dsig="${ds}" Name="urn:keycloak">
  <md:EntityDescriptor entityID="${wildMetadata[4]?.entityId}">
    <md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="${protocol}">
      <md:KeyDescriptor use="signing"><dsig:KeyInfo><dsig:KeyName>k1</dsig:KeyName><dsig:X509Data>
        <dsig:X509Certificate>${signing}</dsig:X509Certificate></dsig:X509Data></dsig:KeyInfo></md:KeyDescriptor>
      <md:ArtifactResolutionService Binding="${binding("SOAP")}" Location="https://sso.idp.example/resolve" index="0"/>
      <md:SingleSignOnService Binding="${binding("HTTP-POST")}" Location="${wildMetadata[4]?.ssoUrl}"/>
      <md:SingleSignOnService Binding="${binding("HTTP-Redirect")}" Location="${wildMetadata[4]?.ssoUrl}"/>
      <md:SingleSignOnService Binding="${binding("SOAP")}" Location="${wildMetadata[4]?.ssoUrl}"/>
      <md:SingleSignOnService Binding="${binding("HTTP-Artifact")}" Location="${wildMetadata[4]?.ssoUrl}"/>
    </md:IDPSSODescriptor>
  </md:EntityDescriptor>
</md:EntitiesDescriptor>`,
  },
  {
    name: "AWS IAM Identity Center: POST before redirect, a key without use",
    entityId: "https://portal.idp.example/saml/assertion/AAAA",
    ssoUrl: "https://portal.idp.example/saml/assertion/AAAA",
    xml: ({ signing }) => `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="${md}" entityID="${wildMetadata[5]?.entityId}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${protocol}">
    <md:KeyDescriptor>${keyInfo(signing)}</md:KeyDescriptor>
    <md:SingleLogoutService Binding="${binding("HTTP-POST")}" Location="https://portal.idp.example/logout"/>
    <md:NameIDFormat/>
    <md:SingleSignOnService Binding="${binding("HTTP-POST")}" Location="${wildMetadata[5]?.ssoUrl}"/>
    <md:SingleSignOnService Binding="${binding("HTTP-Redirect")}" Location="${wildMetadata[5]?.ssoUrl}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`,
  },
  {
    name: "PingFederate: a cache duration, SOAP first, and attributes",
    entityId: "acme:pingfederate",
    ssoUrl: "https://ping.idp.example/idp/SSO.saml2",
    xml: ({ signing, other }) => `<md:EntityDescriptor ID="_id" cacheDuration="PT1440M" xmlns:md="${md}"
  entityID="${wildMetadata[6]?.entityId}">${signature(other)}
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${protocol}">
    <md:KeyDescriptor use="signing">${keyInfo(signing)}</md:KeyDescriptor>
    <md:SingleSignOnService Location="${wildMetadata[6]?.ssoUrl}" Binding="${binding("SOAP")}"/>
    <md:SingleSignOnService Location="${wildMetadata[6]?.ssoUrl}" Binding="${binding("HTTP-POST")}"/>
    <md:SingleSignOnService Location="${wildMetadata[6]?.ssoUrl}" Binding="${binding("HTTP-Redirect")}"/>
    <saml:Attribute Name="SAML_SUBJECT" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>
  </md:IDPSSODescriptor><md:ContactPerson contactType="administrative"><md:Company/></md:ContactPerson>
</md:EntityDescriptor>`,
  },
];
