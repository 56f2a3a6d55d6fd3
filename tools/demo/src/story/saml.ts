import { okta } from "okta-labels/labels";
import type { ProtocolStory } from "./protocol-story.ts";
import { describePerson } from "./snapshot.ts";
import { beAndOpenTile, openTile, type StoryContext, type StoryStep } from "./story.ts";

export const samlStory: ProtocolStory = {
  tile: {
    look: "You are signed in, and did not need a password here. The org posted a signed response without a request. The application checked it, and will refuse the same response a second time.",
    files: ["src/saml/sign-in.ts", "packages/saml-policy/src/consume.ts", "src/directory/sign-in.ts"],
  },
  beginning: "src/saml/sign-in.ts",
  arrival: "src/saml/sign-in.ts",
  renamed:
    "It is the same account, although the SAML response identifies the person by the username. The push moved the identity to the new name, so the next person with the old username gets an account of their own.",
  otherSession: {
    look: "The application asks before it replaces the signed-in person. Otherwise an attacker who makes the browser post a response could sign the person in to another account.",
    files: ["src/saml/sign-in.ts", "views/continue-as.ejs"],
  },
  steps: (context) => [weakSignature(context)],
};

function weakSignature(context: StoryContext): StoryStep {
  const { tenant, orgUrl, appId, snapshot } = context;
  const [star] = tenant.people;
  const signOn = { label: okta.tabs.signOn, href: `${orgUrl}/admin/apps/${appId}/sign-on` };
  const path = `/admin/apps/${appId}/sign-on/algorithm`;
  return {
    id: "weak-signature",
    title: "A weak signature is refused",
    acts: [
      { label: "Have the org sign with SHA-1", atOrg: { path, form: { algorithm: "SHA1" } } },
      beAndOpenTile(context, star),
      { label: "Switch back to SHA-256", atOrg: { path, form: { algorithm: "SHA256" } } },
    ],
    actions: [
      { text: "Have the org sign with SHA-1.", link: signOn },
      openTile(context),
      { text: "Read the page, and switch back to SHA-256.", link: signOn },
    ],
    look: "The person reads one sentence and a reference. The operator finds the reason in the log under that reference.",
    files: ["packages/saml-policy/src/response-rules.ts", "src/web/refusals.ts"],
    messages: "saml",
    now: describePerson(snapshot.star, star),
  };
}
