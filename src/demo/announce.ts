import { brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";
import { agentName } from "./agent.ts";
import type { DemoEnvironment } from "./environment.ts";
import { demoPaths, demoTenants, loginOf } from "./tenants.ts";

/** Prints the demo's addresses, accounts and password. */
export function announce({ BASE_URL, ORG_URL, AGENT_URL, DEMO_PASSWORD }: DemoEnvironment): void {
  console.log(`\n${brand.productName} is ready: ${BASE_URL}\n`);
  const story = ORG_URL ? "The story, step by step" : "With an Okta org of your own, step by step";
  console.log(`${story}:  ${BASE_URL}${demoPaths.story}`);
  if (ORG_URL) {
    console.log(`The stand-in for an Okta org:  ${ORG_URL}  (Admin Console: ${ORG_URL}/admin)`);
    console.log(`${agentName}, an AI agent of another company:  ${AGENT_URL}`);
  }
  for (const tenant of demoTenants) {
    console.log(`\n${tenant.name}${ORG_URL ? `, single sign-on by ${tenant.protocol.toUpperCase()}` : ""}`);
    const passwordForm = BASE_URL + paths.passwordLoginOf(tenant.slug);
    console.log(`  ${loginOf(tenant.owner, tenant)}  (owner, with a password: ${passwordForm})`);
    if (ORG_URL)
      for (const name of tenant.people) console.log(`  ${loginOf(name, tenant)}  (through the org)`);
  }
  console.log(`\nThe password of both owners: ${DEMO_PASSWORD}`);
  console.log(`Ctrl-C stops it. npm run demo -- --reset starts clean.\n`);
}
