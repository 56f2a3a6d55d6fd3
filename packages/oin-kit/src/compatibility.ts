/** What was typed into the Wizard: by screen, by label. This is docs/oin/values.json, and its published copy. */
export type WizardValues = Record<string, Record<string, string | readonly string[] | null>>;

interface Watched {
  screen: string;
  label: string;
  /** What happens to customers who have the integration, when a value is not there any more. */
  consequence: string;
}

/** What instances that customers have already rely on (Okta: update-oin-app, Considerations). */
const watched: readonly Watched[] = [
  {
    screen: "Tenant settings",
    label: "Name",
    consequence: "a renamed variable is a new, empty one, and every URL with the old one breaks",
  },
  { screen: "OIDC properties", label: "Redirect URIs", consequence: "sign-ins that end there fail" },
  { screen: "OIDC properties", label: "Initiate login URI", consequence: "tiles lead nowhere" },
  {
    screen: "OIDC properties",
    label: "Post-logout URIs",
    consequence: "signing out ends in an error of Okta's",
  },
  { screen: "SAML properties", label: "Default ACS URL", consequence: "responses arrive where nobody waits" },
  { screen: "SAML properties", label: "ACS URLs", consequence: "responses arrive where nobody waits" },
  {
    screen: "SAML properties",
    label: "Entity ID",
    consequence: "the audience changes, and responses are refused",
  },
  { screen: "SAML properties", label: "Attribute statements", consequence: "the attribute arrives no more" },
  { screen: "SAML properties", label: "Group attributes", consequence: "roles that follow from it are lost" },
  {
    screen: "Universal Logout properties",
    label: "Global token revocation endpoint",
    consequence: "Universal Logout reaches nobody",
  },
  { screen: "SCIM properties", label: "Base URL", consequence: "provisioning stops" },
  {
    screen: "SCIM properties",
    label: "Authentication mode",
    consequence: "stored tokens are sent in another form",
  },
  { screen: "SCIM properties", label: "Objects", consequence: "groups are pushed no more" },
  { screen: "SCIM properties", label: "User operations", consequence: "Okta does it no more" },
  { screen: "SCIM properties", label: "Group operations", consequence: "Okta does it no more" },
  {
    screen: "Add integration capabilities",
    label: "Single sign-on",
    consequence: "customers lose the way they sign in",
  },
  {
    screen: "Add integration capabilities",
    label: "Provisioning",
    consequence: "customers lose provisioning",
  },
];

/**
 * What would break customers of the published integration: values that they rely on and that are gone or different, and
 * variables that they have not filled in.
 */
export function compatibilityProblems(published: WizardValues, current: WizardValues): string[] {
  const gone = watched.flatMap(({ screen, label, consequence }) => {
    const now = listed(current, screen, label);
    return listed(published, screen, label)
      .filter((value) => !now.includes(value))
      .map((value) => `${screen}, ${label}: ${value} was published and is gone; ${consequence}.`);
  });
  const known = listed(published, "Tenant settings", "Name");
  const added = listed(current, "Tenant settings", "Name").filter((name) => !known.includes(name));
  return [
    ...gone,
    ...added.map(
      (name) =>
        `Tenant settings, Name: ${name} is new, and empty where the integration is installed; every expression must work without it.`,
    ),
  ];
}

/** The values under a label; of what is listed by name (`Attribute statements: email`), each with its name. */
function listed(values: WizardValues, screen: string, label: string): string[] {
  return Object.entries(values[screen] ?? {}).flatMap(([name, value]) => {
    if (name === label) return [value ?? []].flat();
    return name.startsWith(`${label}: `) ? [`${name.slice(label.length + 2)} = ${value}`] : [];
  });
}
