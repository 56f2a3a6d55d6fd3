import { attributeStatements } from "guide-writer/attribute-statements";
import { okta, signOnTab } from "okta-labels/labels";
import { samlUrls } from "../../../../src/endpoints.ts";
import { type AppInstructions, createIntegration } from "./instructions.ts";

export const samlApp: AppInstructions = ({ slug }, baseUrl) => {
  const { acsUrl, entityId } = samlUrls(baseUrl, slug);
  return {
    title: "Create the SAML app, and connect it",
    actions: [
      `In the Admin Console, choose ${createIntegration}, then “${okta.signOn.saml}”.`,
      `Paste the two addresses, leave “${okta.customApp.nameIdFormat}” and “${okta.customApp.username}” as they are, and add the attribute statements.`,
      `On the tab ${signOnTab()}, copy the ${okta.signOn.metadataUrl}. Enter it here.`,
      `For Universal Logout, also enter the app instance ID (0oa…): it is part of the ${okta.general.embedLink} on the tab ${okta.tabs.general}.`,
    ],
    values: [
      { label: okta.customApp.ssoUrl, value: acsUrl },
      { label: okta.customApp.audience, value: entityId },
      ...attributeStatements().map(({ name, expression }) => ({
        label: `Attribute statement ${name}`,
        value: expression,
      })),
    ],
  };
};
