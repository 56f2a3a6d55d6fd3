import { brand } from "../../config/brand.ts";
import type { PersonalNames } from "../directory/attributes.ts";
import {
  createLocalUser,
  grantOwnership,
  inviteOwner,
  inviteOwnerByMail,
} from "../directory/local-accounts.ts";
import { mailsOf } from "../directory/mails.ts";
import { namesFromAddress } from "../directory/names-from-address.ts";
import { passwordHasher } from "../directory/password-hash.ts";
import { checkPassword } from "../directory/password-rules.ts";
import {
  addDomain,
  checkEmail,
  createTenant,
  deleteTenant,
  renameTenant,
  tenantBySlug,
} from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { visible } from "../visible.ts";
import type { Command, CommandContext, CommandInput } from "./command.ts";

/** The operator's commands for tenants, their domains and their owners. */
export const tenantCommands: Command[] = [
  {
    name: "tenant create",
    usage:
      "<slug> --name NAME --owner EMAIL [--owner-first-name NAME] [--owner-last-name NAME] " +
      "[--domain DOMAIN [--verified]] [--password-stdin] [--json]",
    summary: "Create a tenant and its first owner",
    positionals: ["slug"],
    values: ["name", "owner", "owner-first-name", "owner-last-name", "domain"],
    switches: ["verified", "password-stdin"],
    async run(input, context) {
      const email = input.required("owner");
      checkEmail(email);
      const hasPassword = input.isSet("password-stdin");
      const passwordHash = hasPassword
        ? await readPassword(context, [
            email,
            input.positional("slug"),
            input.required("name"),
            brand.productName,
          ])
        : null;
      // After a password on standard input, no answer can be read from it.
      const owner = {
        email,
        ...(await readNames(input, hasPassword ? {} : context, { email, prefix: "owner-" })),
      };
      const { tenant, setupToken } = await context.database.transaction(async (inside) => {
        const created = await createTenant(inside, input.positional("slug"), input.required("name"));
        const store = forTenant(inside, created.id);
        await addFirstDomain(store, input);
        return { tenant: created, setupToken: await addFirstOwner(store, owner, passwordHash) };
      });
      const setupUrl = setupToken === null ? null : setupUrlOf(context, setupToken);
      return {
        json: { tenant: { slug: tenant.slug, name: tenant.name }, owner: { email, setupUrl } },
        text: `Created ${tenant.name} (${tenant.slug}).\n${ownerText(context, tenant.slug, email, setupUrl)}`,
      };
    },
  },
  {
    name: "tenant list",
    usage: "[--json]",
    summary: "List the tenants",
    async run(_input, { database }) {
      const tenants = await systemStore(database).tenants.list();
      const json = tenants.map(({ slug, name, createdAt }) => ({
        slug,
        name,
        createdAt: new Date(createdAt).toISOString(),
      }));
      return {
        json,
        text:
          json.map(({ slug, name }) => `${slug}\t${visible(name)}`).join("\n") || "There is no tenant yet.",
      };
    },
  },
  {
    name: "tenant rename",
    usage: "<slug> --name NAME [--json]",
    summary: "Rename a tenant; its slug stays",
    positionals: ["slug"],
    values: ["name"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const name = input.required("name").trim();
      await renameTenant(database, tenant, name);
      return { json: { slug: tenant.slug, name }, text: `${tenant.slug} is now called ${name}.` };
    },
  },
  {
    name: "tenant delete",
    usage: "<slug> --yes [--json]",
    summary: "Delete a tenant with everything in it",
    positionals: ["slug"],
    switches: ["yes"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      if (!input.isSet("yes")) {
        throw new InvalidError(
          `This deletes ${visible(tenant.name)} with all its people and data. Add --yes to confirm.`,
        );
      }
      await deleteTenant(database, tenant);
      return { json: { deleted: tenant.slug }, text: `Deleted ${visible(tenant.name)}.` };
    },
  },
  {
    name: "owner invite",
    usage: "<slug> --email EMAIL [--first-name NAME] [--last-name NAME] [--send] [--json]",
    summary: "Make a person an owner, and print or mail the link with which they set a password",
    positionals: ["slug"],
    values: ["email", "first-name", "last-name"],
    switches: ["send"],
    async run(input, context) {
      const tenant = await tenantBySlug(context.database, input.positional("slug"));
      const email = input.required("email");
      checkEmail(email);
      const store = forTenant(context.database, tenant.id);
      const isKnown = (await store.users.byLoginName(email)) !== null;
      const names = await readNames(input, isKnown ? {} : context, { email, prefix: "" });
      const mails = mailsOf(context.config.mail !== null);
      if (input.isSet("send")) {
        if (!mails.isOn)
          throw new InvalidError("--send needs SMTP_URL and MAIL_FROM, as the server has them.");
        await inviteOwnerByMail(store, mails, email, names);
        return { json: { setupUrl: null }, text: `The server sends ${email} the link within a few seconds.` };
      }
      const token = await inviteOwner(store, email, names, mails);
      const setupUrl = setupUrlOf(context, token);
      return { json: { setupUrl }, text: ownerText(context, tenant.slug, email, setupUrl) };
    },
  },
  ...domainCommands(),
];

function domainCommands(): Command[] {
  const withDomain = { positionals: ["slug", "domain"], usage: "<slug> <domain> [--json]" };
  const storeOf = async (database: Database, input: CommandInput) =>
    forTenant(database, (await tenantBySlug(database, input.positional("slug"))).id);
  return [
    {
      name: "domain add",
      summary: "Add an e-mail domain; it routes sign-ins once it is verified",
      ...withDomain,
      async run(input, { database }) {
        const domain = await addDomain(await storeOf(database, input), input.positional("domain"));
        return { json: { domain, verified: false }, text: `Added ${domain}. It is not verified yet.` };
      },
    },
    {
      name: "domain verify",
      summary: "Mark a domain as verified, because you know that the customer owns it",
      ...withDomain,
      async run(input, { database }) {
        const domain = input.positional("domain").toLowerCase();
        const store = await storeOf(database, input);
        if (!(await store.domains.markVerified(domain)))
          throw new NotFoundError(`The tenant has no domain "${domain}".`);
        return { json: { domain, verified: true }, text: `${domain} routes sign-ins now.` };
      },
    },
    {
      name: "domain remove",
      summary: "Remove an e-mail domain",
      ...withDomain,
      async run(input, { database }) {
        const domain = input.positional("domain").toLowerCase();
        const store = await storeOf(database, input);
        if (!(await store.domains.remove(domain)))
          throw new NotFoundError(`The tenant has no domain "${domain}".`);
        return { json: { removed: domain }, text: `Removed ${domain}.` };
      },
    },
    {
      name: "domain list",
      usage: "<slug> [--json]",
      summary: "List a tenant's e-mail domains",
      positionals: ["slug"],
      async run(input, { database }) {
        const domains = await (await storeOf(database, input)).domains.list();
        const json = domains.map(({ domain, verifiedAt }) => ({ domain, verified: verifiedAt !== null }));
        const lines = json.map(
          ({ domain, verified }) => `${domain}\t${verified ? "verified" : "not verified"}`,
        );
        return { json, text: lines.join("\n") || "This tenant has no domain yet." };
      },
    },
  ];
}

async function readPassword(context: CommandContext, words: readonly string[]): Promise<string> {
  const password = await context.readStdin();
  checkPassword(password, words);
  return await passwordHasher().hash(password);
}

/** Returns the token of the set-up link; null if the password was given. */
async function addFirstOwner(
  store: TenantStore,
  { email, ...names }: PersonalNames & { email: string },
  passwordHash: string | null,
): Promise<string | null> {
  const user = await createLocalUser(store, email, names);
  if (passwordHash === null) return await inviteOwner(store, email);
  await grantOwnership(store, user);
  await store.credentials.set(user.id, passwordHash);
  return null;
}

/**
 * Reads --first-name and --last-name. Asks for a missing one on a terminal, with the name that the account gets without an
 * answer (null).
 * @param prefix of both options.
 */
async function readNames(
  input: CommandInput,
  { ask }: Pick<CommandContext, "ask">,
  { email, prefix }: { email: string; prefix: "owner-" | "" },
): Promise<PersonalNames> {
  const made = namesFromAddress(email);
  const read = async (option: string, question: string, otherwise: string) => {
    const given = input.value(`${prefix}${option}`)?.trim();
    if (given === "") throw new InvalidError(`--${prefix}${option} is empty.`);
    return given ?? ((await ask?.(`${question} of ${email} [${otherwise}]: `)) || null);
  };
  const givenName = await read("first-name", "First name", made.givenName);
  const familyName = await read("last-name", "Last name", made.familyName);
  return { givenName, familyName };
}

async function addFirstDomain(store: TenantStore, input: CommandInput): Promise<void> {
  const domain = input.value("domain");
  if (domain === undefined) {
    if (input.isSet("verified")) throw new InvalidError("--verified goes with --domain.");
    return;
  }
  const name = await addDomain(store, domain);
  if (input.isSet("verified")) await store.domains.markVerified(name);
}

function setupUrlOf({ config }: CommandContext, token: string): string {
  return config.baseUrl + paths.setup(token);
}

function ownerText({ config }: CommandContext, slug: string, email: string, setupUrl: string | null): string {
  if (setupUrl === null) return `${email} signs in at ${config.baseUrl}${paths.passwordLoginOf(slug)}`;
  return `${email} sets a password here, once, within 72 hours:\n${setupUrl}`;
}
