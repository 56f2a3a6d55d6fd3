import { samlSignOn } from "./saml-app.ts";
import { type CatalogApp, newId, type OrgApp, type OrgSeed } from "./state.ts";

const person = { middleName: "", status: "ACTIVE" } as const;

const catalogApp: CatalogApp = {
  name: "sample",
  label: "Sample",
  description: "A sample of an integration: its URLs follow from the subdomain of a customer.",
  variables: [{ name: "subdomain", label: "Subdomain" }],
  oidc: {
    redirectUris: ["http://{app.subdomain}.localhost:3000/oidc/callback"],
    postLogoutRedirectUris: ["http://{app.subdomain}.localhost:3000/"],
    initiateLoginUri: "http://{app.subdomain}.localhost:3000/oidc/initiate",
    guideUrl: "http://localhost:3000/guides/oidc",
  },
  saml: {
    acsUrl: `http://\${org.subdomain}.localhost:3000/saml/acs`,
    audience: `http://\${org.subdomain}.localhost:3000/saml/metadata`,
    attributeStatements: [{ name: "email", expression: "user.email" }],
    guideUrl: "http://localhost:3000/guides/saml",
  },
  scim: {
    baseUrl: "'http://' + app.subdomain + '.localhost:3000/scim/v2'",
    mode: "Bearer",
    updates: "patch",
    changePassword: true,
    guideUrl: "http://localhost:3000/guides/scim",
  },
  universalLogout: {
    url: "'http://' + app.subdomain + '.localhost:3000/global-token-revocation'",
    subjectFormat: "email",
  },
};

/** The default content of an org: two people, a group, an OIDC app, a SAML app, and an integration in the catalog. */
export async function sampleSeed(orgName: string): Promise<OrgSeed> {
  const people = [
    { id: newId("00u"), login: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
    { id: newId("00u"), login: "alan@example.com", firstName: "Alan", lastName: "Turing" },
  ].map((one) => ({ ...one, ...person, email: one.login }));
  const acsUrl = "http://localhost:3000/saml/acs";
  const statements = [
    { name: "email", expression: "user.email" },
    { name: "firstName", expression: "user.firstName" },
    { name: "lastName", expression: "user.lastName" },
  ];
  const assignments = Object.fromEntries(
    people.map(({ id }) => [id, { remoteId: null, state: "waiting" as const, problem: null }]),
  );
  const app = (name: string, label: string, signOn: OrgApp["signOn"]): OrgApp => ({
    id: newId("0oa"),
    name,
    label,
    active: true,
    signOn,
    provisioning: null,
    universalLogout: null,
    assignments: structuredClone(assignments),
    pushGroups: {},
  });
  const oidc = app("oidc_client", "Sample OIDC app", {
    kind: "oidc",
    clientSecret: newId("") + newId(""),
    redirectUris: ["http://localhost:3000/oidc/callback"],
    postLogoutRedirectUris: ["http://localhost:3000/"],
    initiateLoginUri: "http://localhost:3000/oidc/initiate",
  });
  const saml = app(
    "custom_saml_app",
    "Sample SAML app",
    await samlSignOn(orgName, {
      acsUrl,
      audience: "http://localhost:3000/saml/metadata",
      attributeStatements: statements,
    }),
  );
  const group = { id: newId("00g"), name: "Everyone here", memberIds: people.map(({ id }) => id) };
  return {
    people: Object.fromEntries(people.map((one) => [one.id, one])),
    groups: { [group.id]: group },
    apps: { [oidc.id]: oidc, [saml.id]: saml },
    catalog: { [catalogApp.name]: catalogApp },
  };
}
