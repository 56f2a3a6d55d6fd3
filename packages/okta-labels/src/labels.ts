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
    aiAgents: "Directory > AI agents",
    profileEditor: "Directory > Profile Editor",
    failedTasks: "Dashboard > Tasks",
    systemLog: "Reports > System Log",
    api: "Security > API",
    features: "Settings > Features",
    home: "Home",
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
    resourceServer: "Resource Server",
    apiScopes: "Okta API Scopes",
  },
  buttons: {
    edit: "Edit",
    save: "Save",
    done: "Done",
    actions: "Actions",
    activate: "Activate",
    deactivate: "Deactivate",
    next: "Next",
    finish: "Finish",
    addAttribute: "Add Attribute",
    cancel: "Cancel",
  },
  general: {
    appSettings: "App Settings",
    /** Its link contains the app instance ID, 0oa…. */
    embedLink: "App Embed Link",
    appVisibility: "App visibility",
    hideIcon: "Do not display application icon to users",
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
    secureWebAuthentication: "Secure Web Authentication",
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
  /** Where an org learns of a transmitter of signals. Read from vendors' guides: Okta's own page names no path. */
  receivedSignals: {
    menu: "Security > Device Integrations",
    tab: "Receive shared signals",
    create: "Create stream",
    setUpWith: "Set up integration with",
    wellKnownUrl: "Well-known URL",
    finish: "Create",
  },
  /** Features of an org, by their names under Settings > Features. */
  features: {
    federatedClaims: "Entitlement SAML Assertions and OIDC Claims",
  },
  person: {
    moreActions: "More Actions",
    add: "Add Person",
    suspend: "Suspend",
    resetPassword: "Reset Password",
    resetMultifactor: "Reset Multifactor",
    clearSessions: "Clear User Sessions",
    includeApps: "Also include logout enabled apps and Okta API tokens",
    clearAndRevoke: "Clear and revoke",
  },
  provisioning: {
    integration: "Integration",
    configure: "Configure API Integration",
    enable: "Enable API integration",
    apiToken: "API Token",
    /** With the name of the app, for an app whose provisioning authenticates by OAuth 2.0. */
    authenticateWith: "Authenticate with {app}",
    baseUrl: "Base URL",
    test: "Test API Credentials",
    settings: "Settings",
    toApp: "To App",
    toOkta: "To Okta",
    createUsers: "Create Users",
    updateAttributes: "Update User Attributes",
    deactivateUsers: "Deactivate Users",
    syncPassword: "Sync Password",
    syncOktaPassword: "Sync Okta Password",
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
    /** The app that administrators need who do not see the tab Governance. */
    adminApp: "Okta Entitlement Management",
    revertToPolicy: "Revert to policy",
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
  groups: {
    add: "Add Group",
    assignPeople: "Assign People",
  },
  pushGroups: {
    push: "Push Groups",
    byName: "Find groups by name",
    byRule: "Find groups by rule",
    create: "Create Group",
    link: "Link Group",
    matchAndAction: "Match result & push action",
    pushNow: "Push now",
    renameFlag: "Rename app groups to match group name in Okta",
    deactivate: "Deactivate Group Push",
    activate: "Activate Group Push",
    unlink: "Unlink Pushed Group",
    deleteThere: "Delete the group in the target app (recommended)",
    leaveThere: "Leave the group in the target app",
    createRule: "Create Rule",
    deactivateRule: "Deactivate Rule",
    deleteRule: "Delete Rule",
    deleteAssociated: "Delete the associated groups",
    leaveAssociated: "Leave associated groups",
    bulkEdit: "Bulk Edit",
  },
  /** The tab Resource Server of an app: the app as the resource of Cross App Access. */
  resourceServer: {
    section: "Cross App Access (XAA)",
    enable: "Enable",
    issuerUrl: "Issuer URL",
    tenantId: "Audience/tenant ID",
  },
  /** An AI agent: the requesting app of Cross App Access. */
  agents: {
    register: "Register AI agent",
    registerManually: "Register manually",
    userAccess: "User access",
    linkedApp: "App used for access configuration",
    assignedPeople: "Users and groups assigned to this agent",
    createLinkedApp: "Create a new OIDC app linked to this AI agent",
    selectExistingApp: "Select an existing app",
    clientRegistration: "Client registration",
    clientIdOnly: "Client ID only",
    generatedClientId: "Okta-generated client ID",
    publicKey: "Public/private key",
    jwksUri: "JWKS URI",
    resourceConnections: "Resource connections",
    addConnection: "Add resource connection",
    applicationInstance: "Application instance",
    resourceIndicator: "Resource indicator",
    clientIdInApp: "AI agent's client ID registered in this app",
    scopes: "Scopes",
    allowAnyScope: "Allow any scope",
    allowSpecificScopes: "Allow specific scopes",
    add: "Add",
  },
  /** An app integration that a customer builds, where the app is not in their catalog. */
  customApp: {
    oidc: "OIDC - OpenID Connect",
    webApplication: "Web Application",
    name: "App integration name",
    grantType: "Grant type",
    authorizationCode: "Authorization Code",
    refreshToken: "Refresh Token",
    signInRedirectUris: "Sign-in redirect URIs",
    signOutRedirectUris: "Sign-out redirect URIs",
    loginInitiatedBy: "Login initiated by",
    eitherOktaOrApp: "Either Okta or App",
    displayIcon: "Display application icon to users", // demo only
    loginFlow: "Login flow",
    redirectToApp: "Redirect to app to initiate login (OIDC Compliant)",
    initiateLoginUri: "Initiate login URI",
    ssoUrl: "Single sign-on URL",
    audience: "Audience URI (SP Entity ID)",
    recipientUrl: "Use this for Recipient URL and Destination URL",
    defaultRelayState: "Default RelayState",
    nameIdFormat: "Name ID format",
    unspecified: "Unspecified",
    username: "Application username",
    attributeStatements: "Attribute Statements",
    connectorBaseUrl: "SCIM connector base URL",
    uniqueIdentifier: "Unique identifier field for users",
    provisioningActions: "Supported provisioning actions",
    authenticationMode: "Authentication Mode",
    httpHeader: "HTTP Header",
    authorization: "Authorization",
    testConnector: "Test Connector Configuration",
    logoutEndpointUrl: "Logout endpoint URL",
    subjectFormat: "Subject format",
    issuerAndSubject: "Issuer and Subject Identifier",
    emailIdentifier: "Email Identifier",
    assertionSignature: "Assertion Signature",
    signed: "Signed",
    assertionEncryption: "Assertion Encryption",
    unencrypted: "Unencrypted",
  },
  /** Where an ISV starts, tests and updates a submission, in its Integrator Free Plan org. */
  oin: {
    createApp: "Create app",
    addIntegrations: "Add more integrations",
    yourApps: "Your apps",
    catalogInfo: "Catalog Info",
    integration: "Integration",
    testIntegration: "Test integration",
    currentVersion: "CURRENT VERSION",
    publishedVersion: "PUBLISHED VERSION",
    initializeTester: "Initialize Tester",
    refreshSession: "Refresh Tester session",
    exportResults: "Export results",
    importUserSchema: "Import User Schema",
  },
} as const;

/** Products that an org may have or lack. These are names, not labels: texts may also write them by hand. */
export const oktaProducts = {
  identityEngine: "Okta Identity Engine",
  adaptiveMfa: "Adaptive MFA",
  threatProtection: "Identity Threat Protection",
  identityGovernance: "Okta Identity Governance",
  lifecycleManagement: "Lifecycle Management",
} as const;

/** A label for Markdown: each part of a path is bold. */
export function bold(label: string): string {
  return writeParts(label, (part) => `**${part}**`, " > ");
}

/** A label for HTML: each part of a path is strong. */
export function strong(label: string): string {
  return writeParts(label, (part) => `<strong>${part.replaceAll("&", "&amp;")}</strong>`, " &gt; ");
}

/** The path by which a person clicks from one label to the next, for bold() and strong(). */
export function clickPath(...labels: string[]): string {
  return labels.join(" > ");
}

/**
 * The tab with an app's sign-on settings, under both of its names.
 * @param write how a text writes a label: bold, strong, or, by default, as it is.
 */
export function signOnTab(write: (label: string) => string = (label) => label): string {
  return `${write(okta.tabs.signOn)} (in some orgs: ${write(okta.tabs.authentication)})`;
}

function writeParts(label: string, mark: (part: string) => string, separator: string): string {
  return label.split(" > ").map(mark).join(separator);
}
