/** The date of Okta's documents (okta/okta-developer-docs) from which the labels below were read. */
export const readOn = "2026-08-21";

/**
 * What an administrator reads in Okta's consoles, by place. A menu or a path through tabs is written with " > " between its
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
    features: "Settings > Features",
  },
  catalog: {
    browse: "Browse App Catalog",
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
    deactivate: "Deactivate",
  },
  signOn: {
    viewSetupInstructions: "View Setup Instructions",
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
  },
  person: {
    moreActions: "More Actions",
    add: "Add Person",
    suspend: "Suspend",
    resetPassword: "Reset Password",
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
    syncOktaPassword: "Sync Okta Password",
    scheduleImport: "Schedule import",
    importUsernameFormat: "Okta username format",
    importNow: "Import Now",
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
  },
  assignments: {
    assign: "Assign",
    toPeople: "Assign to People",
    toGroups: "Assign to Groups",
    saveAndGoBack: "Save and Go Back",
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
    renameFlag: "Rename app groups to match group name in Okta",
    pushNow: "Push Now",
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
} as const;

/** A label for Markdown: each part of a path is bold. */
export function bold(label: string): string {
  return label
    .split(" > ")
    .map((part) => `**${part}**`)
    .join(" > ");
}
