/** The date of Okta's documents (okta/okta-developer-docs) from which the labels below were read. */
export const readOn = "2026-08-21";

/**
 * The labels of Okta's consoles, by place. A menu or a path through tabs is written with " > " between its
 * parts. Guides, package, console and stand-in take every label of Okta's from here.
 */
export const okta = {
  menus: {
    /** "Applications > Applications" until 2026-07-21. */
    applications: "Applications and Resources > Applications",
    oinIntegrations: "Applications and Resources > Your OIN Integrations",
    people: "Directory > People",
    groups: "Directory > Groups",
    profileEditor: "Directory > Profile Editor",
    tasks: "Dashboard > Tasks",
    systemLog: "Reports > System Log",
    api: "Security > API",
    features: "Settings > Features",
  },
  catalog: {
    browse: "Browse App Catalog",
    title: "Browse App Integration Catalog",
    createIntegration: "Create App Integration",
    add: "Add Integration",
    generalSettings: "General Settings",
    applicationLabel: "Application label",
    done: "Done",
  },
  tabs: {
    general: "General",
    signOn: "Sign On",
    /** The newer name of the tab Sign On: in orgs with Identity Threat Protection, and more and more in others. */
    authentication: "Authentication",
    provisioning: "Provisioning",
    import: "Import",
    assignments: "Assignments",
    pushGroups: "Push Groups",
    governance: "Governance",
  },
  buttons: {
    edit: "Edit",
    save: "Save",
    done: "Done",
    actions: "Actions",
    activate: "Activate",
    cancel: "Cancel",
  },
  general: {
    appSettings: "App Settings",
    embedLink: "App Embed Link",
  },
  signOn: {
    methods: "Sign on methods",
    openIdConnect: "OpenID Connect",
    metadataDetails: "Metadata details",
    credentialsDetails: "Credentials Details",
    groupClaimsType: "Groups claim type",
    viewSetupInstructions: "View Setup Instructions",
    viewSamlSetupInstructions: "View SAML setup instructions",
    clientId: "Client ID",
    clientSecret: "Client secret",
    idToken: "OpenID Connect ID Token",
    groupClaimsFilter: "Group claims filter",
    saml: "SAML 2.0",
    metadataUrl: "Metadata URL",
    moreDetails: "More details",
    signOnUrl: "Sign on URL",
    issuer: "Issuer",
    signingCertificate: "Signing Certificate",
    signingCertificates: "SAML Signing Certificates",
    generateCertificate: "Generate new certificate",
    downloadCertificate: "Download certificate",
    usernameFormat: "Application username format",
    oktaUsername: "Okta username",
    defaultRelayState: "Default Relay State",
    logout: "Logout",
    logsOutWhen: "App logs out when",
    adminInitiatesLogout: "Okta system or admin initiates logout",
    /** Where an administrator adds federated claims: the section of an OIDC app, and that of a SAML app. */
    claims: "Claims",
    samlAttributes: "SAML Attributes",
    addExpression: "Add expression",
    claimName: "Name",
    claimExpression: "Expression",
  },
  person: {
    moreActions: "More Actions",
    clearSessions: "Clear User Sessions",
    includeApps: "Also include logout enabled apps and Okta API tokens",
    clearAndRevoke: "Clear and revoke",
  },
  provisioning: {
    integration: "Integration",
    configure: "Configure API Integration",
    enable: "Enable API integration",
    apiToken: "API Token",
    baseUrl: "Base URL",
    test: "Test API Credentials",
    settings: "Settings",
    toApp: "To App",
    toOkta: "To Okta",
    createUsers: "Create Users",
    updateAttributes: "Update User Attributes",
    deactivateUsers: "Deactivate Users",
    syncPassword: "Sync Password",
    scheduleImport: "Schedule import",
    importUsernameFormat: "Okta username format",
    importEmailAddress: "Email Address",
    importCustom: "Custom",
    importNow: "Import Now",
    toAppHeading: "Provisioning to App",
    attributeMappings: "Attribute Mappings",
    goToProfileEditor: "Go to Profile Editor",
    confirmAssignments: "Confirm Assignments",
    provisionUser: "Provision User",
    retrySelected: "Retry Selected",
  },
  entitlements: {
    section: "Entitlement management",
    enable: "Enable",
    viewAccess: "View access details",
    editAccess: "Edit access",
    customize: "Customize entitlements",
    revertToPolicy: "Revert to policy",
    /** The app that administrators need who do not see the tab Governance. */
    adminApp: "Okta Entitlement Management",
    list: "Governance > Entitlements",
    policy: "Governance > Policy",
    addRule: "Add rule",
  },
  assignments: {
    assign: "Assign",
    toPeople: "Assign to People",
    toGroups: "Assign to Groups",
    saveAndGoBack: "Save and Go Back",
    unassign: "Unassign",
  },
  pushGroups: {
    push: "Push Groups",
    byName: "Find groups by name",
    byRule: "Find groups by rule",
    create: "Create Group",
    link: "Link Group",
    matchAndAction: "Match result & push action",
    pushNow: "Push now",
  },
} as const;

/** A label for Markdown: each part of a path is bold. */
export function bold(label: string): string {
  return label
    .split(" > ")
    .map((part) => `**${part}**`)
    .join(" > ");
}
